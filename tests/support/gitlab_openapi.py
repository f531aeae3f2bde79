"""Whether what was said to the fake GitLab, and what it said, is what GitLab's OpenAPI file knows.

The file is cut, and its types are wrong in places: `BEYOND` has the calls that GitLab documents and the file has not,
with their parameters and fields; recordings correct the types (`openapi-type-errata.json`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from support.gitlab_contract import SHARED, errata, openapi
from tidegate.testing.gitlab import FakeGitLab
from tidegate.testing.gitlab.messages import Call, Exchange
from tidegate.testing.gitlab.routes import PREFIX

_REQUEST: Final = "/projects/{id}/merge_requests/{merge_request_iid}"
_PAGED: Final = "page per_page"
_MEMBER: Final = (
    "id username name state locked avatar_url web_url access_level expires_at membership_state created_at created_by"
)
_NOTE: Final = (
    "id type body author created_at updated_at system noteable_id noteable_type noteable_iid project_id resolvable "
    "confidential internal"
)
_USER: Final = "id username name state locked avatar_url web_url"
_GROUP: Final = "id name path full_path web_url"
_CAR: Final = "id merge_request user pipeline created_at updated_at target_branch status merged_at duration"
_CREATED_GROUP: Final = "name path parent_id visibility"
_CREATED_PROJECT: Final = "name path namespace_id initialize_with_readme default_branch visibility"

BEYOND: Final[Mapping[str, tuple[str, str]]] = {
    "GET /user": ("", f"{_USER} bot bio created_at followers"),
    "GET /users": (f"{_PAGED} username", _USER),
    "GET /users/{id}": ("", f"{_USER} bot bio created_at followers"),
    "POST /groups": (_CREATED_GROUP, _GROUP),
    "GET /groups/{id}": ("", _GROUP),
    "DELETE /groups/{id}": ("", "message"),
    "GET /groups/{id}/members/all": (_PAGED, _MEMBER),
    "POST /groups/{id}/members": ("user_id access_level expires_at", _MEMBER),
    "POST /projects": (_CREATED_PROJECT, "id name path path_with_namespace default_branch http_url_to_repo web_url"),
    "GET /projects/{id}/approvals": ("", "reset_approvals_on_push"),
    "GET /projects/{id}/milestones": (f"{_PAGED} title include_ancestors", "id iid project_id title state"),
    "POST /projects/{id}/merge_trains/merge_requests/{merge_request_iid}": (
        "auto_merge sha squash when_pipeline_succeeds",
        _CAR,
    ),
    f"GET {_REQUEST}/notes": (f"{_PAGED} sort order_by", _NOTE),
    f"POST {_REQUEST}/notes": ("body created_at internal", _NOTE),
    f"PUT {_REQUEST}/notes/{{note_id}}": ("body", _NOTE),
    f"DELETE {_REQUEST}/notes/{{note_id}}": ("", ""),
}
"""Calls that GitLab documents and the OpenAPI file, which is cut, has not: their parameters, and their fields."""

_UNDESCRIBED: Final[Mapping[str, str]] = {
    f"POST {_REQUEST}/approve": "EE_API_Entities_ApprovalState",
    f"POST {_REQUEST}/unapprove": "EE_API_Entities_ApprovalState",
    f"GET {_REQUEST}/approvals": "EE_API_Entities_ApprovalState",
}
"""Answers whose entity the file names wrongly or not at all: it knows the Free edition's, or nothing."""
_FREE_FORM: Final = frozenset(
    {
        "GET /projects/{id}/repository/files/{file_path}",
        "POST /projects/{id}/repository/files/{file_path}",
        "PUT /projects/{id}/repository/files/{file_path}",
        f"PUT {_REQUEST}/rebase",
        f"PUT {_REQUEST}/reset_approvals",
        f"POST {_REQUEST}/cancel_merge_when_pipeline_succeeds",
    }
)
"""Answers that the file does not describe; they are in the contract's notes, and in recordings."""
_DOCUMENTED: Final[Mapping[str, Mapping[str, str]]] = {
    "API_Entities_MergeRequest": {"rebase_in_progress": "boolean"},
    "API_Entities_MergeRequestDiff": {"id": "integer", "merge_request_id": "integer"},
    "API_Entities_Milestone": {"project_id": "integer"},
}
"""Types that GitLab's documentation shows by example; the file has its generator's default, a string."""
_PYTHON: Final[Mapping[str, type | tuple[type, ...]]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
}


def strangers(gitlab: FakeGitLab) -> list[str]:
    """Return what was asked of the fake, or told by it, that GitLab does not have; nothing where its file is absent."""
    return sorted({each for exchange in gitlab.exchanges for each in _strange(exchange)}) if SHARED.is_dir() else []


def parameters(name: str) -> dict[str, dict[str, Any]]:
    """Return the parameters of a call, `METHOD TEMPLATE`, besides its path's; KeyError: there is no such call."""
    if name in BEYOND:
        return {one: {} for one in BEYOND[name][0].split()}
    found: dict[str, dict[str, Any]] = {}
    for one in operation(name).get("parameters", []):
        if one["in"] == "query":
            found[one["name"].removesuffix("[]")] = one
        elif one["in"] == "body":
            found |= _definition(one["schema"]["$ref"])["properties"]
    return found


def operation(name: str) -> dict[str, Any]:
    """Return what the file has of a call."""
    method, _, template = name.partition(" ")
    found: dict[str, Any] = openapi()["paths"][PREFIX + template][method.lower()]
    return found


def _strange(exchange: Exchange) -> Iterator[str]:
    call, answer = exchange.call, exchange.answer
    name = f"{call.method} {call.template}"
    try:
        known = parameters(name)
    except KeyError:
        yield f"{name}: no such call"
        return
    for field, value in {**call.query, **call.body}.items():
        if field in call.path:  # named twice, which Grape takes
            continue
        yield from (f"{name}: parameter {problem}" for problem in _misfit(field, value, known))
    if answer is None or not 200 <= answer.status < 300 or answer.content is not None:
        return
    rows = answer.body if isinstance(answer.body, list) else [answer.body]
    for row in rows:
        if isinstance(row, dict):
            yield from (f"{name}: answer's {problem}" for problem in _row(call, name, row))


def _row(call: Call, name: str, row: Mapping[str, Any]) -> Iterable[str]:
    if name in BEYOND:
        return sorted(set(row) - set(BEYOND[name][1].split()))
    if name in _FREE_FORM:
        return ()
    entity = _UNDESCRIBED.get(name) or _entity_of(name)
    return _fields(row, entity) if entity else [f"shape is not described: {call.template}"]


def _entity_of(name: str) -> str:
    for status, one in operation(name)["responses"].items():
        schema = one.get("schema") or {}
        reference = schema.get("$ref") or schema.get("items", {}).get("$ref")
        if status.startswith("2") and reference:
            return str(reference).rpartition("/")[2]
    return ""


def _fields(row: Mapping[str, Any], entity: str) -> Iterator[str]:
    properties = openapi()["definitions"][entity]["properties"]
    corrected = errata().get(entity) or errata().get(entity.removesuffix("Basic"), {})
    for field, value in row.items():
        described = properties.get(field)
        if described is None:
            yield f"{field} ({entity})"
            continue
        reference = described.get("$ref") or described.get("items", {}).get("$ref")
        for one in value if isinstance(value, list) else [value]:
            if reference and isinstance(one, dict):
                yield from (f"{field}.{each}" for each in _fields(one, str(reference).rpartition("/")[2]))
        kinds = corrected[field]["recorded"] if field in corrected else [described.get("type")]
        kinds = [_DOCUMENTED.get(entity, {}).get(field, kind) for kind in kinds]
        wanted = [_PYTHON[kind] for kind in kinds if kind]
        if value is not None and wanted and not any(_is(value, kind) for kind in wanted):
            yield f"{field} is {type(value).__name__}, not {' or '.join(kinds)} ({entity})"


def _misfit(field: str, value: object, known: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    if field not in known:
        yield field
        return
    allowed = known[field].get("enum")
    if allowed and value not in allowed:
        yield f"{field} is {value!r}, not one of {allowed}"
    kind = known[field].get("type")
    if kind == "integer" and not (_is(value, int) or (isinstance(value, str) and value.isdecimal())):
        yield f"{field} is no whole number: {value!r}"
    if kind == "boolean" and str(value).lower() not in {"true", "false", "0", "1"}:
        yield f"{field} is neither true nor false: {value!r}"


def _is(value: object, kind: type | tuple[type, ...]) -> bool:
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _definition(reference: str) -> dict[str, Any]:
    found: dict[str, Any] = openapi()["definitions"][reference.rpartition("/")[2]]
    return found
