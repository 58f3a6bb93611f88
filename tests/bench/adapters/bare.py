"""Hand-written asyncio, no framework: what the work itself costs."""

import asyncio
import json
import sqlite3

PACKAGES = ["pydantic"]
IMPORT = "import asyncio"
FIRST = """
import asyncio
async def first(state): return {"n": state["n"] + 1}
print(asyncio.run(first({"n": 0}))["n"])
"""
FACTS = "x" * 280  # bytes that our journal writes a step, so that both commit the same


async def count(state):
    return {"n": state["n"] + 1}


def chain(n):
    async def run():
        state = {"n": 0, "msg": "x"}
        for body in [count] * n:
            state = {**state, **(await body(state))}
        return state["n"]

    return run


def fork(k, delay):
    async def branch(number):
        await asyncio.sleep(delay)
        return number

    async def run():
        return len(await asyncio.gather(*(branch(number) for number in range(k))))

    return run


def loop(n):
    async def second(state):
        return {"m": state["n"]}

    async def run():
        state = {"n": 0, "m": 0}
        while state["n"] < n:
            state = {**state, **(await count(state))}
            state = {**state, **(await second(state))}
        return state["n"]

    return run


def _opened(db):
    connection = sqlite3.connect(db, isolation_level=None)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute("create table if not exists step (number integer primary key, delta text)")
    return connection


def step(n, db, kb, on):
    connection = _opened(db)

    async def run():
        state = {"n": 0, "text": "a" * (kb * 1024)}
        connection.execute("insert into step values (-1, ?)", (json.dumps(state),))
        for number in range(n):
            delta = await count(state)
            on(number)
            state = {**state, **delta}
            connection.execute(
                "insert into step values (?, ?)", (number, json.dumps({**delta, "facts": FACTS}))
            )
        connection.close()
        return state["n"]

    return run


def finish(k, delay, db):
    connection, work = _opened(db), fork(k, delay)
    facts = json.dumps([FACTS] * k)

    async def run():
        done = await work()
        connection.execute("insert into step (delta) values (?)", (facts,))
        return done

    return run


def resume(n, db, kb, on):
    async def run():
        connection, state = _opened(db), {}
        rows = connection.execute("select number, delta from step order by number").fetchall()
        for _, delta in rows:
            state.update(json.loads(delta))
        for number in range(rows[-1][0] + 1, n):
            delta = await count(state)
            on(number)
            state = {**state, **delta}
            connection.execute(
                "insert into step values (?, ?)", (number, json.dumps({**delta, "facts": FACTS}))
            )
        connection.close()
        return state["n"]

    return run


def turn(n):
    calls = []

    async def model(messages):
        done = sum(message["role"] == "tool" for message in messages)
        return (
            {"role": "assistant", "tool": '{"x": 1}'}
            if done < n
            else {"role": "assistant", "content": "done"}
        )

    async def inc(x):
        calls.append(x)
        return str(x + 1)

    async def run():
        calls.clear()
        messages = [{"role": "user", "content": "go"}]
        while "tool" in (reply := await model(messages)):
            messages += [reply, {"role": "tool", "content": await inc(**json.loads(reply["tool"]))}]
        return len(calls)

    return run


tools = fork


def deltas(n):
    async def model():
        for _ in range(n):
            yield "tok"

    async def run():
        queue = asyncio.Queue()

        async def produce():
            async for text in model():
                queue.put_nowait({"type": "delta", "text": text})
                await asyncio.sleep(0)
            queue.put_nowait(None)

        producing = asyncio.create_task(produce())
        heard = 0
        while await queue.get() is not None:
            heard += 1
        await producing
        return heard

    return run
