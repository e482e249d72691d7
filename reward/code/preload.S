/* reward/code/preload.S - the bytes of the library that preload.c makes (Makefile, "preload.so").
 *
 * SPDX-License-Identifier: Apache-2.0
 */
        .global preload_bytes, preload_bytes_end
        .section .rodata
preload_bytes:
        .incbin "preload.so"
preload_bytes_end:

        .section .note.GNU-stack, "", @progbits
