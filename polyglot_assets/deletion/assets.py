"""Dagster wiring of the deletions: the check that what was deleted is gone."""

import dagster as dg

from polyglot_assets.deletion import forget
from polyglot_assets.deletion.verify import verify
from polyglot_assets.orchestration.wiring import LakeContext, markdown
from polyglot_assets.release.assets import KEY as RELEASE_KEY

_SHOWN = 20


def deletion_check(lake_context: LakeContext) -> dg.AssetChecksDefinition:
    """Whether nothing is left of deleted rows in any file of the lake. It stands at the end of the chain."""

    @dg.asset_check(
        asset=RELEASE_KEY,
        description="No file of the lake holds a row that was asked to be deleted, or anything made from it. "
        "`polyglot forget` finishes what is left. Texts are looked for as a whole here; `polyglot forget --verify` "
        "also looks for them inside of others.",
    )
    def deleted_rows_are_gone() -> dg.AssetCheckResult:
        found = verify(lake_context.lake, forget.home(lake_context.lake, lake_context.settings), inside=False)
        root = lake_context.lake.root
        # Not the whole id: what is written here is stored, and would be found the next time.
        rows = [
            {"file": find.file.relative_to(root) if find.file.is_relative_to(root) else find.file,
             "where": find.column, "what": find.what, "row": find.seed_id[:12], "times": find.rows,
             "allowed": find.allowed}
            for find in found.finds[:_SHOWN]
        ]  # fmt: skip
        return dg.AssetCheckResult(
            passed=not found.offences,
            metadata={
                "deletion_requests": found.requests,
                "files": found.files,
                "found": dg.MetadataValue.md(markdown(rows, ("file", "where", "what", "row", "times", "allowed"))),
                "not_seen": dg.MetadataValue.text("\n".join(found.unseen) or "none"),
            },
        )

    return deleted_rows_are_gone
