"""The state that a body is given, and the schema that checks what it returns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin

from genxai_nb.calls.record import words_of
from genxai_nb.errors import KeyMissing, SchemaInvalid, StateAssigned, StateInvalid, suggest
from genxai_nb.secrets import learn_environment, redact

from .reducers import HIDDEN, Reducer, append, declared_reducers, reducers_from
from .watch import FIXED

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["Schema", "State"]

Note = Callable[[str, Any], None]  # is told of each value that is read and could be changed


class State(Mapping[str, Any]):
    """A read-only view of the state that notes which keys were read.

    Example:
        >>> state = State({"topic": "batteries"})
        >>> state["topic"], sorted(state.read)
        ('batteries', ['topic'])
    """

    __slots__ = ("_data", "_note", "_noted")

    def __init__(self, data: Mapping[str, Any], note: Note | None = None) -> None:
        self._data = data
        self._noted: set[str] | None = None
        self._note = note

    def __getitem__(self, key: str) -> Any:
        try:
            value = self._data[key]
        except KeyError:
            raise KeyMissing(key, self) from None
        if type(value) not in FIXED and self._note is not None:
            self._note(key, value)
        if self._noted is None:
            self._noted = {key}
        else:
            self._noted.add(key)
        return value

    def __iter__(self) -> Iterator[str]:
        return (key for key in self._data if key[:1] != HIDDEN)

    def __len__(self) -> int:
        return sum(key[:1] != HIDDEN for key in self._data)

    def __contains__(self, key: object) -> bool:
        return key in self._data

    def __getattr__(self, name: str) -> Any:
        if name[:2] == "__" or name not in self._data:
            msg = f"{type(self).__name__!r} object has no attribute {name!r}"
        else:
            msg = f"This state is a dict: write state[{name!r}], not state.{name}."
        raise AttributeError(msg)

    def __setitem__(self, key: str, value: Any) -> None:
        raise StateAssigned(key)

    def __delitem__(self, key: str) -> None:
        raise StateAssigned(key)

    def __repr__(self) -> str:
        return f"State({ {key: self._data[key] for key in self} })"

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Refuse: a body returns its changes."""
        raise StateAssigned(next(iter(dict(*args, **kwargs)), "..."))

    @property
    def read(self) -> tuple[str, ...]:
        """The public keys read so far, sorted."""
        if not self._noted:
            return ()
        if len(self._noted) == 1:
            (key,) = self._noted
            return () if key[:1] == HIDDEN else (key,)
        return tuple(sorted(key for key in self._noted if key[:1] != HIDDEN))


class Schema:
    """Checks states and updates against a pydantic model, or lets a dict state pass.

    Args:
        model: The model class; None for a dict state.
        reducers: By key, a builtin's name or a function of (old, new); they win over those that the model's
            fields carry.

    Raises:
        SchemaInvalid: The state is not a pydantic model class, or a reducer's key is no field.
    """

    def __init__(self, model: Any, reducers: Mapping[str, str | Reducer] | None = None) -> None:
        self.model: type[BaseModel] | None = model
        self.fields: dict[str, Any] = {}
        self._checks: dict[str, Any] = {}
        self._views: type[Any] | None = None
        if model is not None:
            fields = getattr(model, "model_fields", None)
            if not isinstance(model, type) or fields is None or "root" in fields:
                raise SchemaInvalid(
                    f"A state schema is a pydantic model class, not {model!r}.",
                    hint="Write class Draft(BaseModel): ...",
                )
            self.fields = dict(fields)
        self.reducers = reducers_from({**declared_reducers(self.fields), **(reducers or {})})
        self._lists = {key for key, reducer in self.reducers.items() if reducer is append}
        for key in self.reducers:
            if model is not None and key not in self.fields:
                raise SchemaInvalid(
                    f"Reducer for {key!r}, which is no field of {model.__name__}.",
                    hint=suggest(key, self.fields),
                )

    def start(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Check a run's input and fill in the defaults.

        Raises:
            StateInvalid: A value does not fit, a field is missing, or a key is no field.
        """
        self._check_keys(given, "The input has")
        if self.model is None:
            return dict(given)
        from pydantic import ValidationError

        public = {key: value for key, value in given.items() if key[:1] != HIDDEN}
        try:
            state = self.model.model_validate(public)
        except ValidationError as exc:
            raise self._mistake(exc.errors(), "input") from exc
        except Exception as exc:  # a validator may raise anything
            raise self._unchecked("the input", exc) from exc
        hidden = {key: value for key, value in given.items() if key[:1] == HIDDEN}
        return {**{key: getattr(state, key) for key in self.fields}, **hidden}

    def check(self, update: dict[str, Any], node: str = "") -> dict[str, Any]:
        """Check the fields that were changed; the others are as they were.

        A value for a key whose reducer is ``append`` is one item, if it is no list.

        Args:
            update: The changes.
            node: Who made them; empty for a person.

        Raises:
            StateInvalid: A value does not fit, or a key is no field.
        """
        for key in self._lists:
            if key in update and not isinstance(update[key], (list, tuple)):
                update = {**update, key: [update[key]]}
        if self.model is None:
            for key in update:
                if type(key) is not str or not key:
                    self._check_keys(update, _wrote(node))
            return update
        self._check_keys(update, _wrote(node))
        return {
            key: value if key[:1] == HIDDEN else self._checked(key, value, node)
            for key, value in update.items()
        }

    def _check_keys(self, given: Mapping[Any, Any], has: str) -> None:
        for key in given:
            if not isinstance(key, str) or not key:
                raise StateInvalid(f"{has} the key {key!r}; keys are names.", hint="Use text keys.")
            if self.fields and key not in self.fields and key[:1] != HIDDEN and self.model is not None:
                raise StateInvalid(
                    f"{has} {key!r}, which is no field of {self.model.__name__}.",
                    hint=suggest(key, self.fields),
                )

    def _checked(self, key: str, value: Any, node: str) -> Any:
        from pydantic import ValidationError

        check = self._checks.get(key)
        if check is None:
            check = self._checks[key] = _field_check(self.model, key)
        try:
            return check.validate_python({key: value})[0][key]
        except ValidationError as exc:
            where = f"what node {node!r} wrote to {key!r}" if node else f"what you set {key!r} to"
            rows = [{**row, "loc": row["loc"][1:]} for row in exc.errors()]  # the key is named already
            raise self._mistake(rows, where) from exc
        except Exception as exc:  # as above
            raise self._unchecked(f"what is written to {key!r}", exc) from exc

    def _unchecked(self, what: str, exc: Exception) -> StateInvalid:
        name = self.model.__name__ if self.model else "state"
        return StateInvalid(
            f"A validator of {name} failed at {what}: {words_of(exc)}.",
            hint="Mend it; what it refuses it says by raising ValueError.",
        )

    def _mistake(self, found: Iterable[Any], where: str) -> StateInvalid:
        name = self.model.__name__ if self.model else "state"
        learn_environment()  # the input of a run is checked before anything else has asked for keys
        rows = [
            f"{'.'.join(map(str, row['loc']))}: {row['msg']}, got {redact(repr(row['input'])):.80}"
            for row in found
        ]
        said = "; ".join(redact(row.removeprefix(": ")) for row in rows)
        return StateInvalid(f"{name} does not accept {where}: {said}.", hint="Mend the value or the schema.")

    def view(self, data: Mapping[str, Any], note: Note | None = None) -> Any:
        """Make a read-only instance of the model over the data; it notes which fields were read."""
        if self._views is None:
            self._views = _view_class(self.model)
        return self._views.over(data, note)

    def form_of(self, key: str) -> type[BaseModel] | None:
        """The pydantic model that a key's value is an object of, or None and such an object; else None."""
        field = self.fields.get(key)
        kind: Any = None if field is None else field.annotation
        kinds = set(get_args(kind) if get_origin(kind) in {Union, UnionType} else (kind,)) - {NoneType}
        found = next(iter(kinds)) if len(kinds) == 1 else None
        return found if isinstance(found, type) and hasattr(found, "model_json_schema") else None

    def result(self, data: Mapping[str, Any]) -> Any:
        """The public state: a dict, or an instance of the model."""
        public = {key: value for key, value in data.items() if key[:1] != HIDDEN}
        return public if self.model is None else self.model.model_construct(**public)


def _field_check(model: Any, key: str) -> Any:
    """What checks one field as its model does, with its validators and the model's configuration."""
    from pydantic_core import SchemaValidator

    whole = model.__pydantic_core_schema__
    parts = {part["ref"]: part for part in whole.get("definitions", ())}
    schema, config = whole, None
    while schema["type"] != "model-fields":
        config = schema.get("config") or config
        schema = parts[schema["schema_ref"]] if schema["type"] == "definition-ref" else schema["schema"]
    field = {name: value for name, value in schema["fields"][key].items() if name != "validation_alias"}
    lone: Any = {"type": "model-fields", "fields": {key: field}}
    if parts:
        lone = {"type": "definitions", "schema": lone, "definitions": [*parts.values()]}
    return SchemaValidator(lone, config)


def _wrote(node: str) -> str:
    return f"Node {node!r} wrote" if node else "You set"


class _ReadOnly:
    """What stands before a model: it refuses to be changed, and says how it is read."""

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)  # type: ignore[misc]  # a model has it
        except AttributeError:
            if name[:1] == "_":  # which Python itself asks for
                raise
            kind: Any = type(self)
            msg = f"{kind.__name__} has no field {name!r}. {suggest(name, kind.model_fields)}"
            raise AttributeError(msg) from None

    def __getitem__(self, key: Any) -> Any:
        kind: Any = type(self)
        own = getattr(super(), "__getitem__", None)  # a model of one's own may have it
        if own is not None:
            return own(key)
        fields = kind.model_fields
        known = f"write state.{key}, not state[{key!r}]." if key in fields else suggest(str(key), fields)
        msg = f"This state is a {kind.__name__}: {known}"
        raise TypeError(msg)

    def __setattr__(self, name: str, value: Any) -> None:
        raise StateAssigned(name)

    def __delattr__(self, name: str) -> None:
        raise StateAssigned(name)


def _view_class(model: Any) -> Any:
    """Derive a class whose instances refuse assignment and note reads."""

    class Viewed(_ReadOnly, model):  # type: ignore[misc]  # the base is only known at run time
        def __getattribute__(self, name: str) -> Any:
            if name in fields:
                _noted(self).add(name)
                value = object.__getattribute__(self, name)
                note = object.__getattribute__(self, "__pydantic_private__")["_genxai_note"]
                if type(value) not in FIXED and note is not None:
                    note(name, value)
                return value
            if name in whole:
                _noted(self).update(fields)
            return object.__getattribute__(self, name)

        def __iter__(self) -> Any:
            return iter([(name, getattr(self, name)) for name in model.model_fields])

        @property
        def read(self) -> tuple[str, ...]:
            return tuple(sorted(_noted(self)))

        @classmethod
        def over(cls, data: Mapping[str, Any], note: Note | None) -> Any:
            self = cls.__new__(cls)
            public = {key: data[key] for key in fields if key in data}
            object.__setattr__(self, "__dict__", public)
            object.__setattr__(self, "__pydantic_fields_set__", set(fields))
            object.__setattr__(self, "__pydantic_extra__", None)
            private = {"_genxai_noted": set(), "_genxai_note": note, **_private_values(model, public)}
            object.__setattr__(self, "__pydantic_private__", private)
            return self

    fields = frozenset(model.model_fields)
    whole = frozenset({"model_dump", "model_dump_json", "model_copy", "dict", "copy", "__dict__"})
    Viewed.__name__ = Viewed.__qualname__ = model.__name__
    return Viewed


def _private_values(model: Any, public: dict[str, Any]) -> dict[str, Any]:
    """The private attributes of a model with their defaults, as a new instance has them."""
    from pydantic_core import PydanticUndefined

    found = {}
    for name, attribute in model.__private_attributes__.items():
        factory = attribute.default_factory
        if factory is None:
            found[name] = attribute.get_default()
        else:
            takes = getattr(attribute, "default_factory_takes_validated_data", False)
            found[name] = factory(public) if takes else factory()
    return {name: value for name, value in found.items() if value is not PydanticUndefined}


def _noted(view: Any) -> set[str]:
    noted: set[str] = object.__getattribute__(view, "__pydantic_private__")["_genxai_noted"]
    return noted
