"""``openai:URL``: the ids that a running vLLM server makes of the messages, by its /tokenize.

Only the host that the user names is asked: no proxy, no redirect.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from copy import deepcopy
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

from inspect_tool.errors import InspectError
from inspect_tool.prompts.inference.limits import LimitError, limited
from inspect_tool.prompts.inference.target import (
    Asked,
    Change,
    ChangeKind,
    Prompt,
    TargetError,
    conversation_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from inspect_tool.prompts.inference.conversation import Conversation
    from inspect_tool.prompts.inference.encoder import Encoder
    from inspect_tool.prompts.inference.stops import Stops

LARGEST_ANSWER = 64 << 20
"""Bytes of one answer that are read."""


class ServerTarget:
    """Prompts made by a server for the OpenAI messages of each conversation."""

    first_only = False
    remote = True

    def __init__(
        self,
        name: str,
        encoder: Encoder,
        url: str,
        *,
        stops: Stops,
        kwargs: Mapping[str, Any],
        timeout: float,
    ) -> None:
        self.name = name
        self.encoder = encoder
        self.stops = stops
        self.kwargs = dict(kwargs)
        self.timeout = timeout
        self.url = f"{url.removesuffix('/v1')}/tokenize"
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())

    def prompts(self, asked: Sequence[Asked]) -> list[Prompt | InspectError]:
        """Ask for each conversation; raises TargetError when the server cannot be used."""
        made: list[Prompt | InspectError] = []
        for item in asked:
            try:
                made.append(self._prompt(conversation_of(item)))
            except TargetError:
                raise
            except InspectError as error:
                made.append(error)
        return made

    def again(self, asked: Asked, change: Change) -> Prompt | None:
        """Ask once more for another conversation, or with other template arguments."""
        sent = asked.conversation
        if sent is None:
            return None
        others = {
            ChangeKind.NO_TOOLS: (sent.without_tools(), bool(sent.tools)),
            ChangeKind.NO_TOOL_CALLS: (sent.without_tool_calls(), sent.has_tool_calls),
            ChangeKind.NO_SYSTEM: (sent.without_system(), True),
            ChangeKind.TEMPLATE_KWARGS: (sent, True),
        }
        other, useful = others.get(change.kind, (sent, False))
        if not useful:
            return None
        try:
            return self._prompt(other, kwargs=change.kwargs)
        except InspectError:
            return None

    def _prompt(self, sent: Conversation, *, kwargs: Mapping[str, Any] | None = None) -> Prompt:
        body: dict[str, Any] = {
            "messages": as_openai(sent),
            "add_generation_prompt": True,
        }
        if sent.tools:
            body["tools"] = sent.tools
        arguments = {**self.kwargs, **(kwargs or {})}
        if arguments:
            body["chat_template_kwargs"] = arguments
        ids = self._ids(self._post(body))
        return Prompt(ids, self.encoder.text(ids))

    def _post(self, body: Mapping[str, Any]) -> bytes:
        request = urllib.request.Request(  # noqa: S310  # http and https only (specs.py)
            self.url,
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with (
                limited(self.url, seconds=self.timeout),
                self._opener.open(request, timeout=self.timeout) as answer,
            ):
                data: bytes = answer.read(LARGEST_ANSWER + 1)
        except urllib.error.HTTPError as error:
            raise self._refused(error) from None
        except LimitError:
            raise self._slow() from None
        except (OSError, HTTPException) as error:
            if isinstance(getattr(error, "reason", error), TimeoutError):
                raise self._slow() from None
            reason = getattr(error, "reason", error)
            raise TargetError(
                f"the server cannot be reached: {reason}",
                place=self.url,
                fix="start it, or name the host and port that it listens on",
            ) from None
        if len(data) > LARGEST_ANSWER:
            raise self._nonsense("far too long")
        return data

    def _ids(self, data: bytes) -> list[int]:
        try:
            value = json.loads(data)
        except ValueError:
            raise self._nonsense("not JSON") from None
        tokens = value.get("tokens") if isinstance(value, dict) else None
        if not isinstance(tokens, list) or not tokens:
            raise self._nonsense("JSON without tokens")
        if not all(isinstance(item, int) and not isinstance(item, bool) for item in tokens):
            raise self._nonsense("tokens that are no ids")
        if min(tokens) < 0 or max(tokens) >= 1 << 31:
            raise self._nonsense("tokens that are no ids")
        return tokens

    def _refused(self, error: urllib.error.HTTPError) -> InspectError:
        with error:
            said = _message(error.read(4096))
        if error.code in {400, 422}:
            return InspectError(f"the server refuses the conversation: {said}", place=self.url)
        if error.code in {404, 405}:
            return TargetError(
                "the server has no /tokenize, so its ids cannot be known",
                place=self.url,
                fix="vLLM has it; for other servers compare with chat-template or saved:DIR",
            )
        return TargetError(f"the server answers {error.code}: {said}", place=self.url)

    def _slow(self) -> TargetError:
        return TargetError(
            f"the server gave no answer in {self.timeout:g} s",
            place=self.url,
            fix="--timeout SECONDS gives it longer",
        )

    def _nonsense(self, what: str) -> TargetError:
        return TargetError(
            f"the server's answer is {what}",
            place=self.url,
            fix='expected is {"tokens": [ids]}, as vLLM\'s /tokenize gives it',
        )


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows nothing: an answer may come from the named host alone."""

    def redirect_request(self, *_: Any) -> None:
        return None


def as_openai(sent: Conversation) -> list[dict[str, Any]]:
    """Return the messages as the OpenAI API has them: arguments of tool calls are JSON text."""
    messages = deepcopy(list(sent.messages))
    for message in messages:
        for call in message.get("tool_calls") or []:
            function = call.get("function") if isinstance(call, dict) else None
            if isinstance(function, dict) and not isinstance(function.get("arguments"), str):
                function["arguments"] = json.dumps(function.get("arguments") or {})
    return messages


def _message(data: bytes) -> str:
    text = data.decode("utf-8", "replace").strip()
    try:
        value = json.loads(text)
    except ValueError:
        return text[:200] or "nothing"
    error = value.get("error", value) if isinstance(value, dict) else value
    said = error.get("message", error) if isinstance(error, dict) else error
    return str(said)[:200]
