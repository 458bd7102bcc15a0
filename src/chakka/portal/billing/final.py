"""Rows that are never changed once they are written: by our code here, by anybody's in migration 0002."""

from typing import Any, NoReturn, TypeVar

from django.db import models

Row = TypeVar("Row", bound=models.Model)


class IssuedIsFinal(Exception):
    """An issued invoice is never changed (charging.md §5); credit it instead."""


class FinalQuerySet(models.QuerySet[Row]):
    """Rows that can be added and read."""

    def update(self, **values: Any) -> NoReturn:
        """Refuse."""
        raise IssuedIsFinal(f"rows of {self.model.__name__} are never changed: {', '.join(values)}")

    def delete(self) -> NoReturn:
        """Refuse."""
        raise IssuedIsFinal(f"rows of {self.model.__name__} are never removed")


class FinalModel(models.Model):
    """A row that can be added and read."""

    class Meta:
        abstract = True

    def save(self, *arguments: Any, **options: Any) -> None:
        """Write a new row; refuse to change one."""
        if not self._state.adding:
            raise IssuedIsFinal(f"{self} is never changed")
        super().save(*arguments, **options)

    def delete(self, *arguments: Any, **options: Any) -> NoReturn:
        """Refuse."""
        raise IssuedIsFinal(f"{self} is never removed")
