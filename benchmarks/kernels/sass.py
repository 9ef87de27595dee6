"""Machine code of cubins: instructions, and the loops that they stand in.

Reads what nvdisasm prints. No PyPI package of CUDA has it; it comes with a toolkit, and
with the wheel of Triton.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import struct
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FUNCTION = re.compile(r"^\.text\.(\S+):$")
_LABEL = re.compile(r"^(\.L_x_\w+):$")
_INSTRUCTION = re.compile(
    r"^\s*/\*[0-9a-f]+\*/\s+(?:@(!?U?P\w+)\s+)?([A-Z][\w.]*)\s*(.*?)\s*;"
)
_TARGET = re.compile(r"`\((\.L_x_\w+)\)")
#: Of a section header of 64-bit ELF: name, type, flags, address, offset, size.
_SECTION = struct.Struct("<IIQQQQ")


class DisassemblyError(RuntimeError):
    """nvdisasm could not read a file."""


@dataclass(frozen=True)
class Instruction:
    """One instruction.

    Attributes:
        opcode: with its modifiers, as "HMMA.SP.16832.F32".
        predicate: what it is guarded by; empty if it always happens.
        operands: as they are printed.
        target: the label that it branches to; empty if it is no branch.
    """

    opcode: str
    predicate: str
    operands: str
    target: str

    @property
    def ends(self) -> bool:
        """Whether what stands behind it is reached only by a branch."""
        always = self.predicate in ("", "PT", "UPT")
        return always and self.opcode.split(".")[0] in ("BRA", "EXIT", "RET", "BRX")

    @property
    def branches(self) -> bool:
        """Whether it may go to its label, now."""
        # BSSY, too, names a label, but only for a BSYNC that stands before it.
        return bool(self.target) and self.opcode.split(".")[0] == "BRA"


@dataclass(frozen=True)
class Function:
    """A kernel: its basic blocks in order, and the blocks that follow each."""

    name: str
    blocks: tuple[tuple[Instruction, ...], ...]
    successors: tuple[tuple[int, ...], ...]

    @property
    def instructions(self) -> Iterator[Instruction]:
        """All of them."""
        for block in self.blocks:
            yield from block

    def _reverse_postorder(self) -> list[int]:
        order, seen, work = [], {0}, [(0, iter(self.successors[0]))]
        while work:
            block, rest = work[-1]
            following = next((other for other in rest if other not in seen), None)
            if following is None:
                order.append(block)
                work.pop()
            else:
                seen.add(following)
                work.append((following, iter(self.successors[following])))
        return order[::-1]

    def _immediate_dominators(
        self, order: list[int], before: dict[int, list[int]]
    ) -> dict[int, int]:
        # Cooper, Harvey and Kennedy, "A simple, fast dominance algorithm".
        place = {block: index for index, block in enumerate(order)}
        found = {0: 0}
        changed = True
        while changed:
            changed = False
            for block in order[1:]:
                known = [other for other in before[block] if other in found]
                new = known[0]
                for other in known[1:]:
                    while new != other:
                        if place[new] > place[other]:
                            new = found[new]
                        else:
                            other = found[other]
                changed |= found.get(block) != new
                found[block] = new
        return found

    def loops(self) -> list[frozenset[int]]:
        """The natural loops, as sets of blocks; those with one head are one."""
        order = self._reverse_postorder()
        before: dict[int, list[int]] = {}
        for block in order:
            for successor in self.successors[block]:
                before.setdefault(successor, []).append(block)
        above = self._immediate_dominators(order, before)

        def dominates(head: int, block: int) -> bool:
            while block not in (head, 0):
                block = above[block]
            return block == head

        bodies: dict[int, set[int]] = {}
        for tail in order:
            for head in self.successors[tail]:
                if not dominates(head, tail):
                    continue
                body = bodies.setdefault(head, {head})
                work = [tail]
                while work:
                    block = work.pop()
                    if block not in body:
                        body.add(block)
                        work += before[block]
        return [frozenset(body) for body in bodies.values()]

    def innermost(self, prefixes: tuple[str, ...]) -> list[Instruction]:
        """The smallest loop that has such an instruction; empty if none has.

        Of several as small, the one with the most of them.
        """

        def matching(body: frozenset[int]) -> int:
            return sum(
                instruction.opcode.startswith(prefixes)
                for block in body
                for instruction in self.blocks[block]
            )

        loops = [body for body in self.loops() if matching(body)]
        if not loops:
            return []
        # A loop around another has all of its blocks.
        inner = [body for body in loops if not any(other < body for other in loops)]
        body = max(inner, key=matching)
        return [i for block in sorted(body) for i in self.blocks[block]]


def find_disassembler() -> Path | None:
    """nvdisasm: $HINM_NVDISASM, on the PATH, or of a package of this Python."""
    candidates = [os.environ.get("HINM_NVDISASM"), shutil.which("nvdisasm")]
    for package, folder in (("nvidia", "cu13"), ("triton", "backends/nvidia")):
        spec = importlib.util.find_spec(package)
        for root in (spec.submodule_search_locations or []) if spec else []:
            candidates.append(str(Path(root) / folder / "bin" / "nvdisasm"))
    return next(
        (Path(path) for path in candidates if path and os.access(path, os.X_OK)), None
    )


def _make_function(name: str, lines: list[str]) -> Function:
    blocks: list[list[Instruction]] = [[]]
    labels: dict[str, int] = {}
    for line in lines:
        if label := _LABEL.match(line):
            if blocks[-1]:
                blocks.append([])
            labels[label.group(1)] = len(blocks) - 1
        elif found := _INSTRUCTION.match(line):
            predicate, opcode, operands = found.groups()
            # ptxas puts such loads behind cp.async; they are never done.
            if predicate in ("!PT", "!UPT"):
                continue
            target = _TARGET.search(operands)
            instruction = Instruction(
                opcode, predicate or "", operands, target.group(1) if target else ""
            )
            blocks[-1].append(instruction)
            if instruction.branches or instruction.ends:
                blocks.append([])
    successors = []
    for index, block in enumerate(blocks):
        after = []
        last = block[-1] if block else None
        if last and last.branches and last.target in labels:
            after.append(labels[last.target])
        if (last is None or not last.ends) and index + 1 < len(blocks):
            after.append(index + 1)
        successors.append(tuple(after))
    return Function(name, tuple(map(tuple, blocks)), tuple(successors))


def parse(text: str) -> dict[str, Function]:
    """The functions in nvdisasm's output, by name."""
    functions: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        if line.startswith("//-----") or line.lstrip().startswith(".section"):
            name = ""
        if found := _FUNCTION.match(line):
            name = found.group(1)
            functions[name] = []
        elif name:
            functions[name].append(line)
    return {name: _make_function(name, lines) for name, lines in functions.items()}


def disassemble(disassembler: Path, cubin: Path) -> dict[str, Function]:
    """The functions of a cubin, by name.

    Raises:
        DisassemblyError: with nvdisasm's message.
    """
    done = subprocess.run(
        [disassembler, "-c", cubin], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise DisassemblyError(f"{cubin}: {done.stderr.strip()}")
    return parse(done.stdout)


def shared_bytes(cubin: bytes, name: str) -> int:
    """Static shared memory of a kernel: the size of its section .nv.shared.NAME.

    Raises:
        DisassemblyError: if it is no 64-bit ELF file.
    """
    if cubin[:5] != b"\x7fELF\x02":
        raise DisassemblyError("a cubin is a 64-bit ELF file, this is none")
    (offset,) = struct.unpack_from("<Q", cubin, 0x28)
    size, count, names = struct.unpack_from("<HHH", cubin, 0x3A)
    sections = [_SECTION.unpack_from(cubin, offset + size * i) for i in range(count)]
    table = sections[names][4]
    for section in sections:
        start = table + section[0]
        if cubin[start : cubin.index(b"\0", start)] == f".nv.shared.{name}".encode():
            return section[5]
    return 0


def count(instructions: list[Instruction], *prefixes: str) -> int:
    """How many have an opcode that begins so."""
    return sum(i.opcode.startswith(prefixes) for i in instructions)


def histogram(instructions: list[Instruction]) -> Counter[str]:
    """How often each opcode, without modifiers, stands there."""
    return Counter(i.opcode.split(".")[0] for i in instructions)
