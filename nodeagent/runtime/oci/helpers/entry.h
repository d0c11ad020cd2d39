// Where a freestanding program begins: the kernel enters with argc, argv and envp on the stack, and start() gets their
// address. To be included by one file of each program.
#pragma once

#if defined(__x86_64__)
__asm__(".globl _start\n_start: mov %rsp, %rdi\nand $-16, %rsp\ncall start\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n_start: mov x0, sp\nbl start\n");
#else
#error "add this architecture's entry"
#endif
