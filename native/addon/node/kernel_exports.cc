// SPDX-License-Identifier: Apache-2.0
#include <time.h>


#include "../core/features.h"
#include "../core/kallsyms.h"
#include "../core/map.h"
#include "../core/tracefs.h"
#include "convert.h"
#include "exports.h"
#include "task.h"

namespace sonde {

namespace {

Napi::Value fromAnswer(Napi::Env env, Answer answer) {
  return answer ? Napi::Boolean::New(env, *answer) : env.Undefined();
}

void setAnswers(Napi::Object to, const std::map<std::string, Answer>& answers) {
  for (auto& [name, answer] : answers) to.Set(name, fromAnswer(to.Env(), answer));
}

Napi::Value features(const Napi::CallbackInfo& info) {
  return Task<Features>::run(info.Env(), probeFeatures, [](Napi::Env env, Features& found) {
    auto result = Napi::Object::New(env), programTypes = Napi::Object::New(env), mapTypes = Napi::Object::New(env);
    setAnswers(result, found.single);
    setAnswers(programTypes, found.programTypes);
    setAnswers(mapTypes, found.mapTypes);
    result.Set("programTypes", programTypes);
    result.Set("mapTypes", mapTypes);
    return result;
  });
}

Napi::Value findTypes(const Napi::CallbackInfo& info) {
  std::vector<KernelType> wanted;
  auto add = [&](Napi::Value list, bool function) {
    auto names = list.As<Napi::Array>();
    for (uint32_t index = 0; index < names.Length(); index++) wanted.push_back({toString(names.Get(index)), function});
  };
  add(info[0], false);
  add(info[1], true);
  return Task<std::vector<bool>>::run(
      info.Env(), [wanted] { return findKernelTypes(wanted); },
      [](Napi::Env env, std::vector<bool>& found) {
        return fromList(env, found, [&](bool each) { return Napi::Boolean::New(env, each); });
      });
}

Napi::Value findTracepoints(const Napi::CallbackInfo& info) {
  auto names = info[0].As<Napi::Array>();
  std::vector<std::string> wanted;
  for (uint32_t index = 0; index < names.Length(); index++) wanted.push_back(toString(names.Get(index)));
  return Task<std::vector<bool>>::run(
      info.Env(),
      [wanted] {
        Tracefs tracefs;
        std::vector<bool> found;
        for (const std::string& name : wanted) {
          size_t slash = name.find('/');
          bool whole = slash != std::string::npos;
          found.push_back(whole && tracefs.tracepoint(name.substr(0, slash), name.substr(slash + 1)));
        }
        return found;
      },
      [](Napi::Env env, std::vector<bool>& found) {
        return fromList(env, found, [&](bool each) { return Napi::Boolean::New(env, each); });
      });
}

Napi::Value enumMembers(const Napi::CallbackInfo& info) {
  using Members = std::vector<std::pair<std::string, int32_t>>;
  return Task<Members>::run(
      info.Env(), [name = toString(info[0])] { return kernelEnum(name); },
      [](Napi::Env env, Members& members) {
        return fromList(env, members, [&](const auto& member) {
          auto pair = Napi::Array::New(env, 2);
          pair.Set(0u, member.first);
          pair.Set(1u, member.second);
          return pair;
        });
      });
}

Napi::Value enableStats(const Napi::CallbackInfo& info) {
  return toHandle(info.Env(), std::make_shared<Fd>(enableRunStatistics()));
}

Napi::Value disableStats(const Napi::CallbackInfo& info) {
  handleOwner<Fd>(info[0]).reset();
  return info.Env().Undefined();
}

Napi::Value kallsyms(const Napi::CallbackInfo& info) {
  return Task<std::shared_ptr<KernelSymbols>>::run(
      info.Env(), [] { return std::make_shared<KernelSymbols>(); },
      [](Napi::Env env, std::shared_ptr<KernelSymbols>& symbols) { return toHandle(env, std::move(symbols)); });
}

Napi::Value kallsymsSize(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), fromHandle<KernelSymbols>(info[0])->size());
}

Napi::Value kallsymsLookup(const Napi::CallbackInfo& info) {
  bool lossless;
  uint64_t address = info[1].As<Napi::BigInt>().Uint64Value(&lossless);
  auto symbols = fromHandle<KernelSymbols>(info[0]);
  auto found = symbols->lookup(address);
  if (!found) return info.Env().Undefined();
  auto symbol = Napi::Object::New(info.Env());
  symbol.Set("name", found->name);
  symbol.Set("offset", static_cast<double>(address - found->address));
  if (*found->module) symbol.Set("module", found->module);
  return symbol;
}

Napi::Value kallsymsAddress(const Napi::CallbackInfo& info) {
  auto address = fromHandle<KernelSymbols>(info[0])->address(toString(info[1]));
  return address ? Napi::BigInt::New(info.Env(), *address).As<Napi::Value>() : info.Env().Undefined();
}

Napi::Value cpus(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), possibleCpus()); }

int64_t nanoseconds(clockid_t clock) {
  timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

/** CLOCK_REALTIME − clock: of a few readings the one that took the shortest time. */
int64_t offsetOf(clockid_t clock) {
  int64_t best = 0, shortest = INT64_MAX;
  for (int attempt = 0; attempt < 5; attempt++) {
    int64_t before = nanoseconds(clock), real = nanoseconds(CLOCK_REALTIME), after = nanoseconds(clock);
    if (after - before >= shortest) continue;
    shortest = after - before;
    best = real - (before + shortest / 2);
  }
  return best;
}

Napi::Value clockOffset(const Napi::CallbackInfo& info) {
  auto offset = Napi::Object::New(info.Env());
  offset.Set("monotonic", static_cast<double>(offsetOf(CLOCK_MONOTONIC)));
  offset.Set("boottime", static_cast<double>(offsetOf(CLOCK_BOOTTIME)));
  return offset;
}

}  // namespace

Napi::Object kernelExports(Napi::Env env) {
  auto exports = Napi::Object::New(env);
  addFunction<features>(exports, "features");
  addFunction<findTypes>(exports, "findTypes");
  addFunction<findTracepoints>(exports, "findTracepoints");
  addFunction<enumMembers>(exports, "enumMembers");
  addFunction<enableStats>(exports, "enableStats");
  addFunction<disableStats>(exports, "disableStats");
  addFunction<kallsyms>(exports, "kallsyms");
  addFunction<kallsymsSize>(exports, "kallsymsSize");
  addFunction<kallsymsLookup>(exports, "kallsymsLookup");
  addFunction<kallsymsAddress>(exports, "kallsymsAddress");
  addFunction<cpus>(exports, "possibleCpus");
  addFunction<clockOffset>(exports, "clockOffset");
  return exports;
}

}  // namespace sonde
