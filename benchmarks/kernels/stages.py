"""Kernels without one of their stages: what the whole would take if that were free.

A kernel's PTX is changed, not its source, so that all the rest stays as it is. Results
are wrong, of course; the times say what bounds the whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable

#: What fills shared memory with X, reads it from there, loads the weights' values,
#: multiplies, and stores Y.
STAGES = ("gather", "reads", "weights", "products", "stores")

_REGISTER = re.compile(r"%\w+")
_GROUP = re.compile(r"\{([^{}]*)\}")
#: 1.0 and 1.0 in f16, and something finite in the other types.
_ONES = "0x3C003C00"
_EXCLUSIVE_OR = 0x96


def _rewrite(ptx: str, opcode: str, change: Callable[[str], str]) -> str:
    """Every statement with such an opcode by what `change` makes of it.

    Raises:
        ValueError: if there is none.
    """
    pattern = re.compile(rf"^[ \t]*(?:@!?%\w+ )?{opcode}[^;]*;", re.MULTILINE)
    changed, count = pattern.subn(lambda found: change(found.group()), ptx)
    if not count:
        name = opcode.replace("\\", "")
        raise ValueError(f"the kernel has no {name}")
    return changed


def _constants(statement: str) -> str:
    """What a load would have loaded, as constants."""
    loaded = _REGISTER.findall(_GROUP.search(statement).group(1))
    return "".join(f"\tmov.b32 {register}, {_ONES};\n" for register in loaded)


def _consumer() -> Callable[[list[str], list[str]], str]:
    """Uses each register once, so that its load is not left out as well."""
    seen: set[str] = set()

    def consume(sums: list[str], operands: list[str]) -> str:
        fresh = [register for register in operands if register not in seen]
        seen.update(fresh)
        lines = []
        for number in range(0, len(fresh), 2):
            first, second = (fresh[number : number + 2] * 2)[:2]
            # The same twice would cancel out.
            second = "0" if first == second else second
            total = sums[number // 2 % len(sums)]
            lines.append(
                f"\tlop3.b32 {total}, {total}, {first}, {second}, {_EXCLUSIVE_OR};\n"
            )
        return "".join(lines)

    return consume


def _without_products(ptx: str) -> str:
    consume = _consumer()

    def warp(statement: str) -> str:
        results, a, b, sums = (
            [word.strip() for word in group.split(",")]
            for group in _GROUP.findall(statement)
        )
        metadata = _REGISTER.findall(statement.rsplit("}", 1)[1])
        moves = "".join(
            f"\tmov.b32 {new}, {old};\n"
            for new, old in zip(results, sums, strict=True)
        )
        return moves + consume(results, [*a, *b, *metadata])

    if "\tmma.sp" in ptx:
        return _rewrite(ptx, r"mma\.sp", warp)

    # A warpgroup's is inline assembly: sums, A, the descriptor of B, metadata.
    pattern = re.compile(r"^[ \t]*\{ \.reg[^\n]*wgmma\.mma_async\.sp[^\n]*$", re.M)

    def warpgroup(found: re.Match[str]) -> str:
        call = found.group()[found.group().index("wgmma.mma_async") :]
        sums, a = (_REGISTER.findall(group) for group in _GROUP.findall(call)[:2])
        rest = _REGISTER.findall(call.rsplit("}, ", 1)[1].split("p,")[0])
        words = [register for register in rest if not register.startswith("%rd")]
        return consume(sums, [*a, *words])

    changed, count = pattern.subn(warpgroup, ptx)
    if not count:
        raise ValueError("the kernel has no sparse product")
    # Nothing is left to wait for, and ptxas would multiply to have something.
    return _rewrite(changed, r"wgmma\.", lambda _: "")


def _without_weights(ptx: str) -> str:
    if "cp.async.bulk" not in ptx:
        return _rewrite(ptx, r"ld\.global[\w.:]*\.v4", _constants)
    changed = _rewrite(ptx, r"cp\.async\.bulk\.shared", lambda _: "")

    def arrive(statement: str) -> str:
        # No bytes come that the barrier would wait for.
        head, _ = statement.rsplit(",", 1)
        return head.replace(".expect_tx", "") + ";"

    return _rewrite(changed, r"mbarrier\.arrive\.expect_tx", arrive)


def _without_stores(ptx: str) -> str:
    """Stores that are guarded by what is never so, and ptxas does not know."""
    guard = (
        "\t.reg .pred %never;\n\t.reg .b32 %processors;\n"
        "\tmov.u32 %processors, %nsmid;\n\tsetp.eq.u32 %never, %processors, 0;\n"
    )
    # Behind the declarations of the entry.
    body = ptx.index("{", ptx.index(".entry")) + 1
    ends = [found.end() for found in re.finditer(r"^\t\.reg [^\n]*\n", ptx, re.M)]
    place = max((end for end in ends if end > body), default=body)
    guarded = ptx[:place] + guard + ptx[place:]

    def guard_one(statement: str) -> str:
        return f"\t@%never {statement.strip()}"

    return _rewrite(guarded, r"(?:st|cp\.async\.bulk)\.global", guard_one)


def leave_out(ptx: str, stage: str) -> str:
    """The kernel without a stage of STAGES.

    Raises:
        ValueError: if it has no such stage, or is one whose blocks add up their sums,
            which has loads that are not of weights.
    """
    if "fence.acq_rel.gpu" in ptx:
        raise ValueError("kernels that split a tile's columns are not taken apart")
    match stage:
        case "gather":
            return _rewrite(ptx, r"cp\.async\.cg", lambda _: "")
        case "reads":
            return _rewrite(ptx, "ldmatrix", _constants)
        case "weights":
            return _without_weights(ptx)
        case "products":
            return _without_products(ptx)
        case "stores":
            return _without_stores(ptx)
    raise ValueError(f"'{stage}' is none of {', '.join(STAGES)}")
