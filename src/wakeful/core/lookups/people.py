"""What can be asked about enterprises with their users, and namespaces with their members."""

from __future__ import annotations

from wakeful.core.lookups import Lookup
from wakeful.core.people import Enterprise, Member, Namespace, User


class Enterprises(Lookup[tuple[Enterprise, ...]], frozen=True):
    """All of them."""


class UserById(Lookup[User | None], frozen=True):
    id: int


class UserByLogin(Lookup[User | None], frozen=True):
    """Logins are unique in a store, whatever their case."""

    login: str


class Users(Lookup[tuple[User, ...]], frozen=True):
    """All users of an enterprise."""

    enterprise: int


class DisabledUsers(Lookup[frozenset[int]], frozen=True):
    """The ids of the users of an enterprise who are disabled."""

    enterprise: int


class NamespaceById(Lookup[Namespace | None], frozen=True):
    id: int


class Namespaces(Lookup[tuple[Namespace, ...]], frozen=True):
    """All namespaces of an enterprise."""

    enterprise: int


class Members(Lookup[tuple[Member, ...]], frozen=True):
    """The members of a namespace, its owner among them."""

    namespace: int


class MemberById(Lookup[Member | None], frozen=True):
    """The membership of that id."""

    id: int


class MembershipsOf(Lookup[tuple[Member, ...]], frozen=True):
    """The memberships of a user, the one in their own home among them."""

    user: int
