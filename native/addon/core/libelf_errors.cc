// SPDX-License-Identifier: Apache-2.0
// libelf's error functions, in place of the member elf_error.o of libelf.a: Debian compiles its thread-local variable for
// executables, so that the linker refuses it in a shared object, while all other members are position-independent.

extern "C" {

namespace {
thread_local int lastError = 0;
}

void __libelf_seterrno(int error) { lastError = error; }

int elf_errno() {
  int error = lastError;
  lastError = 0;
  return error;
}

const char* elf_errmsg(int) { return "the ELF file cannot be read"; }
}
