// SPDX-License-Identifier: Apache-2.0
#include <elf.h>

#include "../core/elf_symbols.h"
#include "convert.h"
#include "exports.h"
#include "task.h"

namespace sonde {

namespace {

const char* typeName(uint8_t type) {
  if (type == STT_FUNC || type == STT_GNU_IFUNC) return "func";
  return type == STT_OBJECT ? "object" : "other";
}

Napi::Value symbols(const Napi::CallbackInfo& info) {
  return Task<std::vector<ElfSymbolEntry>>::run(
      info.Env(), [path = toString(info[0])] { return elfSymbols(path); },
      [](Napi::Env env, std::vector<ElfSymbolEntry>& found) {
        return fromList(env, found, [&](const ElfSymbolEntry& symbol) {
          auto entry = Napi::Object::New(env);
          entry.Set("name", symbol.name);
          entry.Set("address", static_cast<double>(symbol.address));
          if (symbol.fileOffset >= 0) entry.Set("fileOffset", static_cast<double>(symbol.fileOffset));
          entry.Set("size", static_cast<double>(symbol.size));
          entry.Set("type", typeName(symbol.type));
          return entry;
        });
      });
}

Napi::Value offset(const Napi::CallbackInfo& info) {
  return Task<uint64_t>::run(
      info.Env(), [path = toString(info[0]), name = toString(info[1])] { return symbolOffset(path, name); },
      [](Napi::Env env, uint64_t& found) { return Napi::Number::New(env, found); });
}

}  // namespace

Napi::Object elfExports(Napi::Env env) {
  auto exports = Napi::Object::New(env);
  addFunction<symbols>(exports, "symbols");
  addFunction<offset>(exports, "symbolOffset");
  return exports;
}

}  // namespace sonde
