"""JSON Schemas of the types that the code reads and writes.

msgspec makes them for types that it could decode, which what is only written need not be: a
union of structs without tags, a struct beside a dictionary. So structs and unions are taken
apart here, and msgspec says the rest.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec

_REF = "#/components/schemas/"
_CHOSEN = "Chosen"

ALWAYS_CHOSEN = frozenset({"type", "id", "etag"})
"""What stands in an answer whichever fields are asked for."""

JsonSchema = dict[str, Any]


class Schemas:
    """Schemas by reference; the structs that they refer to are gathered in `components`."""

    def __init__(self) -> None:
        self.components: dict[str, JsonSchema] = {}
        self._names: dict[tuple[type[msgspec.Struct], bool], str] = {}

    def taken(self, shape: Any) -> JsonSchema:
        """The schema of what is read: fields with a default may be missing."""
        return self._of(shape, given=False)

    def given(self, shape: Any) -> JsonSchema:
        """The schema of what is written: fields with a default are there, too."""
        return self._of(shape, given=True)

    def chosen(self, shape: Any) -> JsonSchema:
        """As `given`, where all but a few fields may be left out; of a struct, or several."""
        if get_origin(shape) in (Union, types.UnionType):
            return {"anyOf": [self.chosen(each) for each in get_args(shape)]}
        name = self.given(shape)["$ref"].removeprefix(_REF)
        whole = self.components[name]
        required = [field for field in whole["required"] if field in ALWAYS_CHOSEN]
        self.components[name + _CHOSEN] = whole | {
            "title": name + _CHOSEN,
            "required": required,
        }
        return {"$ref": f"{_REF}{name}{_CHOSEN}"}

    def _of(self, shape: Any, *, given: bool) -> JsonSchema:
        if isinstance(shape, type) and issubclass(shape, msgspec.Struct):
            return {"$ref": _REF + self._name(shape, given=given)}
        if isinstance(shape, dict):
            return shape  # a schema already
        if shape is object:
            return {}
        origin, inner = get_origin(shape), get_args(shape)
        if origin in (Union, types.UnionType):
            return self._any_of(inner, given=given)
        if origin is Annotated and _has_structs(inner[0]):
            bounds = msgspec.json.schema(Annotated[(list[Any], *inner[1:])])
            return bounds | self._of(inner[0], given=given)
        if origin is tuple and inner[-1] is not ... and _has_structs(shape):
            return {
                "type": "array",
                "prefixItems": [self._of(each, given=given) for each in inner],
                "items": False,
                "minItems": len(inner),
                "maxItems": len(inner),
            }
        if origin in (list, tuple) and (_has_structs(shape) or inner[0] is object):
            return {"type": "array", "items": self._of(inner[0], given=given)}
        if origin is dict and _has_structs(shape):
            return {"type": "object", "additionalProperties": self._of(inner[1], given=given)}
        made = msgspec.json.schema(shape)
        return _inlined(made, made.pop("$defs", {}))  # type: ignore[no-any-return] # of an object

    def _any_of(self, shapes: tuple[Any, ...], *, given: bool) -> JsonSchema:
        found = [self._of(shape, given=given) for shape in shapes if shape is not msgspec.UnsetType]
        return found[0] if len(found) == 1 else {"anyOf": found}

    def _name(self, struct: type[msgspec.Struct], *, given: bool) -> str:
        name = self._names.get((struct, given))
        if name is None:
            name = self._names[struct, given] = self._free_name(struct)
            self.components[name] = {}  # for a struct that holds itself
            self.components[name].update(self._struct(struct, name, given=given))
        return name

    def _free_name(self, struct: type[msgspec.Struct]) -> str:
        name = struct.__name__
        for part in reversed(struct.__module__.split(".")):
            if name not in self.components:
                break
            name = part.title().replace("_", "") + name
        return name

    def _struct(self, struct: type[msgspec.Struct], name: str, *, given: bool) -> JsonSchema:
        config = struct.__struct_config__
        properties: dict[str, JsonSchema] = {}
        required: list[str] = []
        if config.tag is not None:
            assert config.tag_field is not None
            properties[config.tag_field] = {"const": config.tag}
            required.append(config.tag_field)
        for field in msgspec.structs.fields(struct):
            if given and field.encode_name == "type" and isinstance(field.default, str):
                properties["type"] = {"const": field.default}
            else:
                properties[field.encode_name] = self._of(field.type, given=given)
            if field.required or (given and not config.omit_defaults and not _may_be_unset(field)):
                required.append(field.encode_name)
        schema: JsonSchema = {
            "title": name,
            "type": "object",
            "properties": properties,
            "required": required,
        }
        if struct.__doc__ and not struct.__doc__.startswith(f"{struct.__name__}("):
            schema["description"] = " ".join(struct.__doc__.split())
        if config.forbid_unknown_fields:
            schema["additionalProperties"] = False
        return schema


def _inlined(node: Any, defined: JsonSchema) -> Any:
    """*node* with what is *defined* in the place of each reference to it (enumerations): the path
    leads there within *node* only, not within the description that has it."""
    if isinstance(node, list):
        return [_inlined(each, defined) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return defined[node["$ref"].rpartition("/")[2]]
    return {name: _inlined(each, defined) for name, each in node.items()}


def _may_be_unset(field: msgspec.structs.FieldInfo) -> bool:
    return msgspec.UnsetType in _parts(field.type)


def _has_structs(shape: Any) -> bool:
    return any(
        isinstance(part, type) and issubclass(part, msgspec.Struct) for part in _parts(shape)
    )


def _parts(shape: Any) -> Iterator[Any]:
    yield shape
    for inner in get_args(shape):
        yield from _parts(inner)
