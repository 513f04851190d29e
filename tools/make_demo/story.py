"""Tells one call of the history: hand-written lines, chosen by the agent's habits, in an order that makes sense."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Bank = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One turn to be: speaker, text, pause before it in seconds (negative: begins before the other ends)."""

    speaker: str
    text: str
    pause_s: float
    inside: bool = False
    """A short sign of listening inside the other's turn, which goes on."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is fixed before a call is told."""

    agent: str
    queue: str
    problem: Mapping[str, Any]
    mood: str
    part: str
    due: str
    follow: str
    habits: Mapping[str, float]
    opening: str | None = None
    """What the customer says first where this call comes from an earlier one."""
    same_problem: bool = False
    """The opening is the problem itself (a promise broken), not a word before it."""


@dataclass(slots=True)
class Telling:
    """The call while it is told, and what it leads to."""

    scene: Scene
    bank: Bank
    rng: random.Random
    lines: list[Line] = field(default_factory=list)
    promised: bool = False
    follows_up: bool = False
    solved: bool = False

    def agent(self, *texts: str, pause_s: float | None = None) -> None:
        text = " ".join(text for text in texts if text)
        if text:
            self._say("agent", text, pause_s)

    def customer(self, *texts: str, pause_s: float | None = None) -> None:
        text = " ".join(text for text in texts if text)
        if text:
            self._say("customer", text, pause_s)

    def _say(self, speaker: str, text: str, pause_s: float | None) -> None:
        pause = round(self.rng.uniform(0.25, 0.9), 2) if pause_s is None else pause_s
        last = self.lines[-1] if self.lines else None
        if last and last.speaker == speaker and not last.inside:
            self.lines[-1] = replace(last, text=f"{last.text} {text}")
            return
        self.lines.append(Line(speaker, text, pause))

    def pick(self, key: str) -> str:
        """A line of the bank with its names filled in."""
        return self.fill(self.rng.choice(self.bank[key]))

    def fill(self, text: str) -> str:
        scene = self.scene
        return text.format(
            agent=scene.agent.split()[0],
            queue=scene.queue,
            part=scene.part,
            due=scene.due,
            follow=scene.follow,
            promise="{promise}",
        )

    def of(self, key: str) -> str:
        """A line of the call's problem."""
        return self.fill(str(self.scene.problem[key]))

    def does(self, habit: str) -> bool:
        return self.rng.random() < self.scene.habits[habit]

    def maybe(self, habit: str, key: str | None = None) -> str:
        return self.pick(key or habit) if self.does(habit) else ""


def tell(scene: Scene, bank: Bank, rng: random.Random) -> Telling:
    """A whole inbound call about a problem."""
    call = Telling(scene, bank, rng)
    curt = call.does("bad")
    call.agent(call.pick("greeting_curt" if curt else "greeting"), pause_s=0.0)
    _account(call)
    if scene.mood == "abusive":
        _abuse(call)
    _acknowledge(call)
    _clarify(call)
    if call.does("hold"):
        _hold(call)
    _respond(call)
    _close(call)
    return call


def tell_no_problem(scene: Scene, bank: Bank, rng: random.Random) -> Telling:
    """A call in which nothing is wrong."""
    call = Telling(scene, bank, rng)
    call.agent(call.pick("greeting"), pause_s=0.0)
    asked, answered, more, done = rng.choice(bank["no_problem"])
    call.customer(call.pick("hello"), asked)
    call.agent(answered)
    call.customer(more)
    call.agent(done, call.maybe("resolution"))
    call.customer(call.pick("nothing"), "Thank you.")
    call.agent(call.maybe("closing") or call.pick("closing_curt"))
    return call


def tell_follow_up(scene: Scene, bank: Bank, rng: random.Random, *, well: bool) -> Telling:
    """An outbound call to hear how it went."""
    call = Telling(scene, bank, rng)
    call.customer("Hello?", pause_s=0.0)
    call.agent(call.pick("outbound"), call.of("check"))
    if well:
        call.customer(call.pick("outbound_good"))
    else:
        call.customer(call.pick("outbound_bad"))
        call.agent(call.pick("outbound_fix"))
        call.customer("All right. Thank you for asking at least.")
    call.agent(call.maybe("resolution"), call.maybe("invite"))
    call.customer(call.pick("nothing"))
    call.agent(call.pick("closing"))
    call.customer(call.pick("bye"))
    return call


def _account(call: Telling) -> None:
    scene, rng = call.scene, call.rng
    story = call.fill(rng.choice(scene.problem["account"]))
    if scene.same_problem:
        story = f"{scene.opening} {call.pick('broken_feeling')}"
    elif scene.opening:
        story = f"{scene.opening} {call.pick('also')} {story}"
    mood = {"angry": "angry", "abusive": "angry", "anxious": "anxious", "firm": "firm"}.get(scene.mood)
    rest = call.pick(mood) if mood else ""
    if not scene.opening and scene.mood != "calm" and rng.random() < 0.25:
        rest = f"{call.pick('repeat_contact')} {rest}"
    words = f"{story} {rest}".split()
    if call.does("interrupt") and len(words) > 14:
        cut = rng.randrange(len(words) // 2, len(words) - 4)
        call.customer(call.pick("hello"), " ".join(words[:cut]).rstrip(".,?!") + "--")
        call.agent(call.pick("interrupt"), pause_s=-round(rng.uniform(0.4, 1.1), 2))
        call.customer(call.pick("finish"), pause_s=0.3)
        if not call.does("bad"):
            call.agent(call.pick("yield"))
        call.customer(" ".join(words[max(0, cut - 3) :]).lstrip("., "))
        return
    call.customer(call.pick("hello"), " ".join(words))
    if call.does("backchannel"):
        call.lines.append(
            Line("agent", call.pick("backchannel"), -round(rng.uniform(1.5, 3.0), 2), inside=True)
        )


def _abuse(call: Telling) -> None:
    call.customer(call.pick("abuse"), pause_s=0.4)
    if call.does("bad"):
        call.agent(call.pick("hostile"))
        return
    call.agent(call.pick("boundary"))
    call.customer(call.pick("sorry_abuse"))


def _acknowledge(call: Telling) -> None:
    if call.does("bad"):
        if call.scene.mood in ("angry", "abusive") and call.rng.random() < 0.5:
            call.agent(call.pick("calm_down"))
            call.customer("Don't tell me to calm down.")
        else:
            call.agent(call.of("bad"))
            call.customer(call.pick("angry"))
        return
    call.agent(
        call.maybe("apology"), call.of("empathy") if call.does("empathy") else "", call.maybe("validation")
    )
    if call.lines[-1].speaker == "agent" and call.rng.random() < 0.6:
        call.customer(call.rng.choice(("Thank you.", "Yes. Well.", "It is, yes.", "Thanks for saying so.")))


def _clarify(call: Telling) -> None:
    if call.does("bad") and call.rng.random() < 0.4:
        call.agent(call.pick("rushing"))
        call.customer("I am telling you.")
    reason = call.maybe("reason")
    call.agent(call.of("ask"), reason)
    call.customer(call.of("datum"))
    if call.does("dead_air"):
        call.agent(call.pick("silence_over"), pause_s=round(call.rng.uniform(5.5, 12.0), 1))
        call.customer("Are you still there?")
    if call.does("open"):
        call.agent(call.of("open"))
        call.customer(call.of("told"))
    if call.does("ask_again"):
        call.agent(call.pick("ask_again"))
        call.customer(call.pick("again_said"), call.of("datum"))
    if call.does("paraphrase"):
        call.agent(call.of("paraphrase"), call.pick("understanding") if call.rng.random() < 0.7 else "")
        call.customer(call.pick("confirm"))
    if call.does("outcome"):
        call.agent(call.pick("outcome"))
        call.customer(call.pick("wish"))


def _hold(call: Telling) -> None:
    good = call.does("hold_good")
    call.agent(call.pick("hold" if good else "hold_curt"))
    call.customer(call.pick("hold_yes"))
    call.agent(call.pick("back") if good else "So.", pause_s=round(call.rng.uniform(20.0, 95.0), 1))


def _respond(call: Telling) -> None:
    if call.does("bad") and call.rng.random() < 0.75:
        _refuse(call)
        if not call.solved:
            return
    _offer(call)


def _refuse(call: Telling) -> None:
    call.agent(call.of("refuse"), call.pick("policy") if call.rng.random() < 0.5 else "")
    call.customer(call.pick("after_refusal"))
    if call.rng.random() < 0.5:
        call.agent(call.pick("deflect"))
        call.customer(call.pick("deflected"))
    if call.scene.mood != "calm" or call.rng.random() < 0.3:
        call.customer(call.pick("ask_manager"), pause_s=0.2)
        if call.does("manager_yes"):
            call.agent(call.pick("manager_yes"))
            call.customer(call.pick("manager_thanks"))
            call.solved = True
            return
        call.agent(call.pick("manager_no"))
        call.customer(call.pick("leave"))
        return
    call.solved = call.rng.random() < 0.6


def _offer(call: Telling) -> None:
    call.solved = True
    if call.does("options"):
        call.agent(call.of("options"))
        call.customer(call.pick("choose"))
    else:
        call.agent(call.of("solution"), call.maybe("acceptance"))
        if call.scene.mood == "angry" and call.rng.random() < 0.15:
            call.customer(call.pick("reject"))
            call.agent(call.of("options"))
        call.customer(call.pick("accept"))
    over = call.does("over")
    done = call.of("do") if call.does("do") else ""
    limit = call.of("limit") if call.does("limit") else ""
    call.promised = not over or call.rng.random() < 0.6
    call.agent(
        done,
        call.of("over") if over else "",
        call.of("promise") if call.promised else "",
        limit,
    )
    call.customer(call.rng.choice(("Okay.", "Good.", "All right.", "I hope so.")))
    extras = [call.maybe("goodwill"), call.maybe("ownership"), call.maybe("direct")]
    if any(extras):
        call.agent(*extras)
        call.customer(call.rng.choice(("Thank you.", "That's kind.", "Oh, good.")))


def _close(call: Telling) -> None:
    scene = call.scene
    if not call.solved:
        call.agent(call.pick("resolution_curt") if call.does("resolution") else call.pick("closing_curt"))
        call.customer(call.pick("nothing_cold"))
        if call.does("closing"):
            call.agent(call.pick("closing"))
        return
    follow = call.maybe("follow")
    call.follows_up = bool(follow)
    recap = ""
    if call.promised and call.does("recap"):
        promise = call.of("promise")
        recap = call.pick("recap").format(promise=promise[0].lower() + promise[1:])
        recap = recap.replace(" i'", " I'")
    call.agent(recap, follow, call.maybe("resolution"))
    warm = scene.habits["empathy"] > 0.5 and call.rng.random() < 0.7
    call.customer(call.pick("nothing"), call.pick("customer_thanks") if warm else "")
    call.agent(call.maybe("thanks"), call.maybe("invite"), call.maybe("closing"))
    call.customer(call.pick("bye"))
