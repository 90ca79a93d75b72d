"""sass.py: counts the instructions of compiled kernels that use tensor cores, in the files that ptxas writes (cubin).

From Volta on an instruction is 16 bytes, and the low 12 bits of the first say which; 0x23c is HMMA, as nvdisasm 13.5
prints it (`nvdisasm -hex -c`). Reads only the section table of the ELF file, and refuses what is none.

SPDX-License-Identifier: MIT
"""

import struct

INSTRUCTION = 16
OPCODE_MASK = 0xFFF
HMMA = 0x23C

SECTION_TABLE = 0x28  # where the header of a 64-bit ELF file says that the table of sections begins
SECTION_SHAPE = 0x3A  # bytes of an entry, number of entries, entry with the names


def sections(data):
    """Yields (name, bytes) of each section."""
    (table,) = struct.unpack_from("<Q", data, SECTION_TABLE)
    size, n, names = struct.unpack_from("<HHH", data, SECTION_SHAPE)
    entries = [struct.unpack_from("<IIQQQQ", data, table + i * size) for i in range(n)]
    for name, _, _, _, offset, length in entries:
        start = entries[names][4] + name
        yield data[start : data.index(b"\0", start)].decode("ascii"), data[offset : offset + length]


def count(data):
    """Yields (kernel, instructions, those of them that are HMMA) for each kernel of a cubin."""
    if data[:4] != b"\x7fELF":
        raise ValueError("not an ELF file")
    for name, code in sections(data):
        if name.startswith(".text."):
            opcodes = [struct.unpack_from("<Q", code, at)[0] & OPCODE_MASK for at in range(0, len(code), INSTRUCTION)]
            yield name[len(".text.") :], len(opcodes), opcodes.count(HMMA)
