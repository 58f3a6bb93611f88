"""What a person does about each error, and the variables that no setting stands for; read by `doc_pages`."""

from __future__ import annotations

from genxai_nb import errors

ADVICE = {
    "GenXAIError": "Catch it where any failure of this package is meant; `.hint` says what to do.",
    "DefinitionError": "Mend the cell or the code that makes the definition, and run it again.",
    "UnknownName": "Mend the name: the nearest one is suggested. Or run the cell that defines it first.",
    "LineInvalid": "Mend the line at the caret. [The language](language.md) has what may stand there.",
    "GraphInvalid": "Give each cycle a `max`, each node a way in, and the graph a way out.",
    "SchemaInvalid": "Write the state's schema as annotations or a pydantic model, and give each parameter of a tool a type.",
    "InputError": "Mend the value that was given or returned.",
    "StateInvalid": "Mend the value, or the annotation of the field that it does not fit.",
    "StateAssigned": "Return what changes as a dict instead of assigning to the state.",
    "KeyMissing": "Mend the key, give it with the input, or read it by `state.get(...)`.",
    "WriteConflict": "Give the key a reducer, or let each of the two nodes write a key of its own.",
    "TemplateKeyMissing": "Give the key with the input, or write `{{key?}}` where it may be absent.",
    "NotStorable": "Return plain data, dataclasses, pydantic models, arrays or DataFrames; the path says where the value is.",
    "RunError": "Look at the run (`%genxai debug RUN`), mend the cause, and resume it.",
    "NodeFailed": "Read the cause (`%genxai why NODE`), mend it, and `%genxai resume`: what is finished is not done again.",
    "ConditionFailed": "Mend the condition, or see to it that the state has what it asks for.",
    "NoWayOn": "Add an `else`, or a condition that holds for the state that the error shows.",
    "HumanAnswerMissing": "Give the answer with the run (`answers:`, `--answers FILE`, `GENXAI_ANSWERS`), or run it where somebody is there.",
    "RunCancelled": "`%genxai resume` goes on with it.",
    "RunPaused": "`%genxai continue`, `next` or `step` go on; `%genxai wait` waits for one that goes on beside.",
    "OverBudget": "Look at `%genxai cost`, then resume the run with a larger budget; one of an agent stands in its cell.",
    "RunNotFound": "`%genxai runs` lists the runs of this store; `--store` or `GENXAI_STORE` names another.",
    "RunBusy": "Wait for the other process, or end it.",
    "ResumeRefused": "Define the graph as it was, go on in the new one (`%genxai continue --rebase`), or start anew.",
    "CallError": "Wait, change the request, or let the node's `retry` and `on error` decide.",
    "ToolFailed": "Mend the tool or its arguments. In an agent's turn the model is told, and may try otherwise.",
    "Denied": "Allow the permission in a `policy:`, or run where a person can be asked. [Tools](tools.md) tells of policies.",
    "RecordedFailure": "The journal gives the failure as it was recorded; fork the run before that call to make it anew.",
    "ProviderError": "Read what the vendor says in it: a model's name, money, a request that it does not take.",
    "Authentication": "Set the variable that the error names, or ask for access to the model. [Settings](settings.md) lists them.",
    "RateLimited": "Wait; `.retry_after` is what the server asked for. `route:` asks another model meanwhile.",
    "ContextTooLong": "Show the agent less (`reads:`), set `memory_tokens:` or `context_window:`, or take a model with a larger window.",
    "Refused": "Say otherwise what is asked, or ask another model.",
    "TimedOut": "Give the node a longer `timeout`, or ask for less.",
    "ConnectionLost": "Look whether the address is right and the server is there: `genxai-nb doctor --live`.",
    "IncompleteStream": "Ask again; half an answer never reaches a state.",
    "BadResponse": "Look whether the server speaks the protocol that its provider expects; an address of another API is the usual cause.",
    "SetupError": "Install or configure what it names.",
    "MissingPackage": "Type what the error says: `pip install \"genxai-nb[EXTRA]\"`.",
    "StoreError": "Look at the file or address that it names.",
    "StoreBusy": "End the other process, or keep this run elsewhere (`--store`).",
    "StoreDamaged": "Take a copy of the journal from before; what can be read is still given.",
}  # fmt: skip

EXAMPLES = {
    "UnknownName": str(errors.UnknownName("tool", "calculater", ["calculator"])),
    "StateAssigned": str(errors.StateAssigned("draft")),
    "KeyMissing": str(errors.KeyMissing("topik", ["topic"])),
    "WriteConflict": str(errors.WriteConflict("notes", "facts", "style")),
    "TemplateKeyMissing": str(errors.TemplateKeyMissing("advice", [], node="writer")),
    "NotStorable": str(errors.NotStorable("update.report[3].chart", open)),
    "MissingPackage": str(errors.MissingPackage("openai", "openai")),
}

FURTHER = {
    "OPENAI_API_KEY": "the key of `openai:` models; `OPENAI_BASE_URL` is another address",
    "GENXAI_OPENAI_API": "`responses` or `chat`: which API of OpenAI is asked, where the address does not tell",
    "ANTHROPIC_API_KEY": "the key of `anthropic:` models; `ANTHROPIC_BASE_URL` is another address",
    "GOOGLE_API_KEY": "the key of `google:` models, else `GEMINI_API_KEY`; `GOOGLE_GEMINI_BASE_URL` is another address",
    "CO_API_KEY": "the key of `cohere:` models, else `COHERE_API_KEY`; `CO_API_URL` is another address",
    "GENXAI_LOCAL_KEY": "the key of a server of `local:` models, if it wants one",
    "GENXAI_CHROMA_TOKEN": "the token of the server of Chroma that `GENXAI_VECTORS` names, if it wants one",
    "GENXAI_CONNECTION_NAME": "the address and key of the [connection](connections.md) `name`, for each connection one",
}
