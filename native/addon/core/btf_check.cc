// SPDX-License-Identifier: Apache-2.0
#include "btf_check.h"

#include <linux/btf.h>

#include "elf_file.h"

namespace sonde {

namespace {

constexpr uint32_t kFloat = 16, kDeclTag = 17, kTypeTag = 18, kEnum64 = 19;

struct Bytes {
  const uint8_t* data;
  size_t length;
};

/** One pass over the types to find them, and one to see what they refer to. */
class BtfCheck {
 public:
  BtfCheck(const std::string& path, Bytes bytes) : path_(path) {
    expect(bytes.length >= sizeof(btf_header), "it is too short");
    auto* header = reinterpret_cast<const btf_header*>(bytes.data);
    expect(header->magic == BTF_MAGIC && header->version == BTF_VERSION, "its header is none of BTF");
    expect(header->hdr_len >= sizeof(btf_header) && header->hdr_len % 4 == 0, "its header has a wrong length");
    uint64_t types = uint64_t{header->hdr_len} + header->type_off, strings = uint64_t{header->hdr_len} + header->str_off;
    expect(types % 4 == 0 && types + header->type_len <= bytes.length, "its types lie outside");
    expect(header->str_len && strings + header->str_len <= bytes.length, "its strings lie outside");
    strings_ = {bytes.data + strings, header->str_len};
    expect(strings_.data[0] == 0 && strings_.data[strings_.length - 1] == 0, "its strings have no end");
    findTypes({bytes.data + types, header->type_len});
    for (size_t id = 1; id < types_.size(); id++) checkType(*types_[id]);
  }

 private:
  static uint32_t kindOf(const btf_type& type) { return BTF_INFO_KIND(type.info); }
  static uint32_t lengthOf(const btf_type& type) { return BTF_INFO_VLEN(type.info); }

  template <class Item>
  static const Item* itemsOf(const btf_type& type) {
    return reinterpret_cast<const Item*>(&type + 1);
  }

  void findTypes(Bytes bytes) {
    for (size_t at = 0; at < bytes.length;) {
      expect(at + sizeof(btf_type) <= bytes.length, "its last type is cut short");
      auto* type = reinterpret_cast<const btf_type*>(bytes.data + at);
      at += sizeof(btf_type) + itemBytes(*type);
      expect(at <= bytes.length, "its last type is cut short");
      types_.push_back(type);
    }
  }

  size_t itemBytes(const btf_type& type) const {
    size_t length = lengthOf(type);
    switch (kindOf(type)) {
      case BTF_KIND_INT: return sizeof(uint32_t);
      case BTF_KIND_ARRAY: return sizeof(btf_array);
      case BTF_KIND_STRUCT:
      case BTF_KIND_UNION: return length * sizeof(btf_member);
      case BTF_KIND_ENUM: return length * sizeof(btf_enum);
      case BTF_KIND_FUNC_PROTO: return length * sizeof(btf_param);
      case BTF_KIND_VAR: return sizeof(btf_var);
      case BTF_KIND_DATASEC: return length * sizeof(btf_var_secinfo);
      case kDeclTag: return sizeof(uint32_t);
      case kEnum64: return length * 3 * sizeof(uint32_t);
      case BTF_KIND_PTR:
      case BTF_KIND_FWD:
      case BTF_KIND_TYPEDEF:
      case BTF_KIND_VOLATILE:
      case BTF_KIND_CONST:
      case BTF_KIND_RESTRICT:
      case BTF_KIND_FUNC:
      case kFloat:
      case kTypeTag: return 0;
    }
    throw corrupt("it has a type of an unknown kind");
  }

  void checkType(const btf_type& type) {
    name(type.name_off);
    switch (kindOf(type)) {
      case BTF_KIND_PTR:
      case BTF_KIND_TYPEDEF:
      case BTF_KIND_VOLATILE:
      case BTF_KIND_CONST:
      case BTF_KIND_RESTRICT:
      case BTF_KIND_VAR:
      case kDeclTag:
      case kTypeTag:
        return reference(type.type);
      case BTF_KIND_ARRAY:
        reference(itemsOf<btf_array>(type)->type);
        return reference(itemsOf<btf_array>(type)->index_type);
      case BTF_KIND_STRUCT:
      case BTF_KIND_UNION:
        return eachItem<btf_member>(type, [&](const btf_member& member) { name(member.name_off), reference(member.type); });
      case BTF_KIND_ENUM:
        return eachItem<btf_enum>(type, [&](const btf_enum& value) { name(value.name_off); });
      case BTF_KIND_FUNC:
        return reference(type.type, BTF_KIND_FUNC_PROTO);
      case BTF_KIND_FUNC_PROTO:
        reference(type.type);
        return eachItem<btf_param>(type, [&](const btf_param& each) { name(each.name_off), reference(each.type); });
      case BTF_KIND_DATASEC:
        return eachItem<btf_var_secinfo>(type, [&](const btf_var_secinfo& variable) { variableOf(variable); });
    }
  }

  /** Sections hold variables, and .ksyms functions too. */
  void variableOf(const btf_var_secinfo& variable) const {
    reference(variable.type);
    uint32_t kind = variable.type ? kindOf(*types_[variable.type]) : uint32_t{BTF_KIND_UNKN};
    expect(kind == BTF_KIND_VAR || kind == BTF_KIND_FUNC, "a section holds what is no variable");
  }

  template <class Item, class Visit>
  static void eachItem(const btf_type& type, Visit visit) {
    for (uint32_t index = 0; index < lengthOf(type); index++) visit(itemsOf<Item>(type)[index]);
  }

  void name(uint32_t offset) const { expect(offset < strings_.length, "a name lies outside its strings"); }
  void reference(uint32_t id) const { expect(id < types_.size(), "a type refers to one that is not there"); }
  void reference(uint32_t id, uint32_t kind) const {
    reference(id);
    expect(id && kindOf(*types_[id]) == kind, "a type refers to one of another kind");
  }
  void expect(bool right, const char* wrong) const {
    if (!right) throw corrupt(wrong);
  }
  Failure corrupt(const char* wrong) const {
    return {"CORRUPT", path_ + " is not a usable BPF object: its BTF is damaged: " + wrong};
  }

  const std::string& path_;
  Bytes strings_{};
  /** By id; 0 is void. */
  std::vector<const btf_type*> types_{nullptr};
};

}  // namespace

void checkBtf(const std::string& path) {
  ElfFile file(path);
  file.forEachSection([&](Elf_Scn* section, const GElf_Shdr& header) {
    if (file.sectionName(header) != ".BTF") return;
    Elf_Data* data = elf_getdata(section, nullptr);
    BtfCheck(path, {data ? static_cast<const uint8_t*>(data->d_buf) : nullptr, data && data->d_buf ? data->d_size : 0});
  });
}

}  // namespace sonde
