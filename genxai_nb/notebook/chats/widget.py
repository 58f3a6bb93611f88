"""The panel of a chat as a widget."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from traitlets import Dict, List, Unicode

from genxai_nb.notebook.panel.live_widget import LiveWidget
from genxai_nb.notebook.panel.page import CHAT, script

from .conversation import Chat, Turn
from .desk import ChatDesk

__all__ = ["ChatPanel"]


class ChatPanel(LiveWidget):
    """A live panel of one chat, which lies over the chat's record. It takes the same options as `ChatDesk`.

    Args:
        chat: The chat.
        say: Adds a turn to the chat, whose run stands before its beginning.
        rested: Told of each turn when it begins and whenever it has come to rest.
        hint: Advice to the reader.
    """

    _esm = script(CHAT)

    run = Dict().tag(sync=True)
    turns: Any = List().tag(sync=True)
    last = Dict().tag(sync=True)
    earlier = Unicode().tag(sync=True)
    questions: Any = List().tag(sync=True)
    hint = Unicode().tag(sync=True)

    def __init__(
        self,
        chat: Chat,
        *,
        say: Callable[[str], Turn],
        rested: Callable[[Turn], object],
        hint: str = "",
    ) -> None:
        desk = ChatDesk(chat, self._put, say=say, rested=rested, hint=hint)
        super().__init__(
            desk, beside=True, text=f"Chat with {chat.name}: a panel that is live while its kernel is."
        )
