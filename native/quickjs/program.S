/* PROGRAM is the file with the bytecode. */
    .section .rodata
    .balign 16
    .global program_begin
    .global program_end
program_begin:
    .incbin PROGRAM
program_end:
    .byte 0
    .section .note.GNU-stack, "", @progbits
