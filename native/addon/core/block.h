// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

namespace sonde {

/** Memory that native code fills and JavaScript sees in place. */
class Block {
 public:
  explicit Block(size_t capacity) : capacity_(capacity), data_(static_cast<uint8_t*>(calloc(capacity, 1))) {
    if (!data_) throw std::bad_alloc();
  }
  ~Block() { free(data_); }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  uint8_t* data() const { return data_; }
  size_t capacity() const { return capacity_; }

 private:
  size_t capacity_;
  uint8_t* data_;
};

/** Rows of equal size in a Block. When they outgrow it, they move to a bigger one; the old one lives while it is seen. */
class Column {
 public:
  explicit Column(size_t rowSize) : rowSize_(rowSize), block_(std::make_shared<Block>(64 * rowSize + 8)) {}

  const std::shared_ptr<Block>& block() const { return block_; }
  size_t rowSize() const { return rowSize_; }
  size_t size() const { return size_; }
  void clear() { size_ = 0; }
  uint8_t* row(size_t index) const { return block_->data() + index * rowSize_; }
  uint8_t* append() {
    resize(size_ + 1);
    return row(size_ - 1);
  }
  void append(const void* from, size_t rows = 1) {
    resize(size_ + rows);
    memcpy(row(size_ - rows), from, rows * rowSize_);
  }
  /** New rows are not cleared. */
  void resize(size_t rows) {
    if (rows * rowSize_ > block_->capacity()) grow(rows);
    size_ = rows;
  }

 private:
  void grow(size_t rows) {
    auto bigger = std::make_shared<Block>(rows * 2 * rowSize_);
    memcpy(bigger->data(), block_->data(), size_ * rowSize_);
    block_ = std::move(bigger);
  }

  size_t rowSize_;
  size_t size_ = 0;
  std::shared_ptr<Block> block_;
};

}  // namespace sonde
