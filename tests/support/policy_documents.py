"""ImagePolicies written in every way that people write them."""

from __future__ import annotations

from hypothesis import strategies as st

RANGES = ("1.0.x", "~1.0", "~1.0.0", "^1.0", ">=1.0.0 <1.1.0", ">=1.0.0, <1.1.0", "1.0.0 - 1.0.x", "v1.0.x", "1.0.x-0")

METADATA = {
    "plain": "metadata:\n  name: inventory\n  namespace: flux-system\n",
    "brackets": "metadata: {name: inventory, namespace: flux-system}\n",
    "spaced brackets": "metadata: { name: inventory,  namespace: flux-system, }  # who\n",
    "annotated": "metadata:\n  name: inventory\n  annotations:\n    team: shop # ours\n    # end\n\n  labels: {a: b}\n",
    "annotated deeper": "metadata:\n    annotations:\n       team: >-\n        a\n        b\n    name: inventory\n",
    "annotated in brackets": "metadata:\n  name: inventory\n  annotations: { team: shop }\n",
    "empty brackets": "metadata:\n  annotations: {}\n  name: inventory\n",
    "spaced empty brackets": "metadata: {annotations: { }, name: inventory}\n",
    "bare key": "metadata:\n  annotations: # none yet\n  name: inventory\n",
    "bare key, last": "metadata:\n  name: inventory\n  annotations:\n",
    "null": "metadata:\n  annotations: ~ # none yet\n  name: inventory\n",
    "null in brackets": "metadata: {name: inventory, annotations: null}\n",
    "labels last": "metadata:\n  name: inventory\n  labels:\n    app: inventory\n\n    # deeper\n\n",
    "text last": "metadata:\n  name: inventory\n  annotations:\n    note: |+\n      one\n      two\n\n\n",
}


def spellings(text: str) -> dict[str, str]:
    """Return the ways to write a range in YAML."""
    return {
        "double": f'      range: "{text}"\n',
        "single": f"      range: '{text}'   # the lane\n",
        "literal": f"      range: |-\n        {text}\n",
        "folded": f"      range: >- # lane\n         {text}\n\n",
        "tagged": f"      range: !!str '{text}'\n",
        **({} if text[0] == ">" else {"plain": f"      range:  {text}\n", "anchored": f"      range: &r {text}\n"}),
    }


def document(
    metadata: str, spelling: str, *, line_end: str = "\n", final: bool = True, around: str = "", listed: bool = False
) -> bytes:
    """Return the bytes of a file with one ImagePolicy; with `listed`, as the second item of a `kind: List`."""
    text = (
        f"apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImagePolicy\n{METADATA[metadata]}spec:\n"
        f"  imageRepositoryRef: {{name: inventory}}\n  policy:\n    semver:\n{spelling}"
    )
    text = f"{around}{in_list(text) if listed else text}"
    text = text if final else text.rstrip("\n")
    return text.replace("\n", line_end).encode()


def in_list(text: str) -> str:
    """Return a `kind: List` whose second item is the document `text`."""
    lines = "".join(f"  {line}" if line.strip() else line for line in text.splitlines(keepends=True))
    other = "{apiVersion: v1, kind: ConfigMap, metadata: {name: inventory}}"
    return f"apiVersion: v1\nkind: List\nitems:\n- {other}\n- {lines[2:]}"


@st.composite
def policy_documents(draw: st.DrawFn) -> tuple[str, bytes]:
    """Return a range and a file that has it."""
    text = draw(st.sampled_from(RANGES))
    spelling = draw(st.sampled_from(sorted(spellings(text).items())))[1]
    data = document(
        draw(st.sampled_from(sorted(METADATA))),
        spelling,
        line_end=draw(st.sampled_from(["\n", "\r\n"])),
        final=draw(st.booleans()),
        around=draw(st.sampled_from(["", "# Lanes → €\n---\n", "\ufeff", "a: 1\n---\n", "kind: Other\n...\n---\n"])),
        listed=draw(st.booleans()),
    )
    return text, data
