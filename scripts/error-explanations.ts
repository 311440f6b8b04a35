/** The meaning of each error code and what to do about it, for docs/look-up/errors.md. */
export const explanations: Readonly<Record<string, string>> = {
  abandoned: "The run's code ended while this step was running, so its signal was aborted. Await every step.",
  ambiguous: "More than one run id has this prefix. Use a longer prefix; the details list the candidates.",
  "attempt-lost":
    "The process crashed during this attempt, so its outcome is unknown. The step is tried again with the same idempotency key.",
  "bad-request": "The request is not valid HTTP. Check its format.",
  "call-cycle":
    "The idempotency key of a call belongs to the run that makes it, or to a run that waits for it: both would wait forever. Use another key.",
  cancelled: "The run is being cancelled; attempts in progress are aborted by their signal.",
  "child-cancelled": "A child run that `ctx.call` waited for was cancelled.",
  "child-failed":
    "A child run that `ctx.call` waited for failed. Its error is the cause; resuming the parent resumes the child.",
  "child-compensation":
    "A completed child of this run could not be compensated. Fix and resume the child, then resume this run.",
  "child-removed":
    "A completed child of this run was removed, so it is not known what is left to undo. Undo its steps in the other systems, then `complete-step` this undo.",
  closed: "The instance was closed. Open another one.",
  conflict: "The run kept changing while the action was requested. Try again.",
  corrupt:
    "This Baton cannot use the file as a store: it is damaged, is not an SQLite file, belongs to another application or has a newer schema. Or the file of a large value is missing next to the store; the message names run and step. Nothing was changed. Name another file, or restore what is missing from a backup; `baton doctor --full` lists it.",
  "crash-loop":
    "The run crashed its process several times while it ran alone. Check its last step, fix the code, then `baton resume`.",
  deadline:
    "The run did not end before the deadline of its workflow. Resume it to give it the full time again, or raise the deadline.",
  drained:
    "Every version of this workflow is drained, so it accepts no new starts. Choose one: `baton versions NAME --use VERSION`.",
  "embedded-owner":
    "An application has this store open without serving HTTP. You can read the store, but only that application can run actions on it.",
  "host-refused":
    "The request names a host that this server does not answer to. Use 127.0.0.1 or localhost with its port.",
  illegal: "The run's status does not allow the action. The hint names one that it allows.",
  internal: "An unexpected error occurred in the server; its log has the cause.",
  interrupted: "The command was interrupted. Runs continue.",
  "invalid-config": "A setting is invalid; the message names it and its source.",
  "invalid-event": "An event needs a name of 1 to 200 and an id of 1 to 512 characters.",
  "invalid-fixture":
    "The file is not a run that this Baton can import: `baton export` did not write it, its format is newer, or it was altered. The message names the place. Nothing was written.",
  "invalid-input":
    "The input does not match the workflow's schema; the details list every mismatch. Nothing was started.",
  "invalid-name": "A name or key must be text of limited length.",
  "invalid-option": "An option has an invalid value; the message lists the allowed ones.",
  "invalid-output": "The output does not match the workflow's output schema.",
  "invalid-page-token": "The page token does not belong to this list. Start without one.",
  "invalid-request": "The body or query does not match the schema of this route; the details list every mismatch.",
  "invalid-schedule":
    "A schedule has invalid times or options. The message names it, and the definition is not loaded.",
  "key-conflict":
    "The idempotency key was already used to start this workflow with another input. Use a new key for a new input; the details name the run.",
  "lease-lost": "Another worker holds the run now. Results of this worker for the run are rejected.",
  limit: "A value exceeds its limit; the message names the limit and the size. Nothing was written.",
  "malformed-json": "The body is not JSON; the message has line and column.",
  "method-not-allowed": "The route does not support this method; the `Allow` header lists those it supports.",
  "needs-accounts": "Baton listens on this machine only until it has accounts.",
  "nested-step":
    "The code of a step called the context for another step, a wait or a child. A replay skips that code. Make the call before or after the step.",
  "no-baton": "No server is running here, and the command needs one. Start it with `baton dev` or `baton start`.",
  "not-at-rest":
    "A run that has not ended cannot be erased. Wait for it, or cancel it first: `baton erase RUN --cancel`.",
  "no-port": "No free port was found near the requested one. Choose one with --port, or use 0 for any free port.",
  "not-bundled":
    "A definition file contains code that cannot be bundled; the message lists each place. Nothing was deployed.",
  "no-key":
    "There is no key for sensitive values. Set `BATON_SENSITIVE_KEY` or `BATON_SENSITIVE_KEY_FILE`; make a key with `openssl rand -hex 32`.",
  "no-return":
    "The run has passed its point of no return, so it cannot be compensated. Resume it, or cancel it without compensation.",
  "not-found": "The object does not exist. Retention may have removed it.",
  "not-held":
    "The event is not held, so it cannot be routed again. List held events with `baton events --held`; to start its workflows once more, send a new event.",
  "origin-refused": "A page of another origin sent this request. Baton accepts requests from its own origin only.",
  "partly-started":
    "Some starts of `startMany` were refused; the others are started. `details.runs` has the started runs by place, `details.refused` the reasons of the rest.",
  "branch-failed": "This branch of a race failed; its other attempts are aborted.",
  "item-failed": "An item of the map failed; the attempts of that item, or of all items, are aborted.",
  "unhandled-rejection":
    "Code of this run left a promise that was rejected, and nothing awaited it. The cause has the error. Await the promise, or add a catch to it, then resume the run.",
  "race-lost": "Another branch won the race; the attempts of this branch are aborted.",
  "rate-limited":
    "The workflow's `rateLimit` accepts no more starts of this key at present. Try again after `retryInMs`, or use `throttle` to delay starts instead.",
  "read-only": "This server or connection is read-only.",
  "run-cancelled": "The run whose result was awaited was cancelled.",
  "run-failed":
    "The run whose result was awaited failed; its error is the cause. It is a dead letter: fix the cause, then resume it.",
  "run-removed":
    "The idempotency key belongs to a run that retention has removed, so its result is no longer known. Use a new key.",
  skipped:
    "A run of this singleton is open, so nothing was started or resumed. The details name that run: wait for it, or cancel it.",
  "step-failed":
    "A step used up its attempts; its last error is the cause. Catch it, or let the run become a dead letter.",
  stopping: "The process is stopping; the attempt is aborted and repeated after the next start.",
  suspended: "The test kit waited for a run that is suspended; its reason explains why.",
  timeout:
    "An operation took longer than its limit. A step is retried by its policy; you can repeat a wait for a result.",
  "too-large": "A value is larger than the store can hold.",
  "tx-failed":
    "A statement inside `ctx.tx` failed, and the transaction was rolled back; the message is the database's.",
  "tx-refused": "Inside `ctx.tx` use only your own tables, through `db.query`. Baton controls the transaction.",
  "tx-too-long": "`ctx.tx` took longer than its limit and was rolled back. Await only `db.query` inside it.",
  unavailable:
    "The store is unavailable: the disk is full, another process has the file open, or too many writes are queued. The message names the cause; try again.",
  unencodable: "A value cannot be stored as JSON without a change; the message names its path.",
  "unknown-definition": "No workflow of this name is loaded here; the message lists those that are.",
  "unknown-outcome":
    "The store did not answer, so the operation may have been done. Send it again with the same idempotency key.",
  "unknown-route": "There is no route at this address; /openapi.json lists all routes.",
  "unknown-step": "The run has no recorded step of this name; the message lists those that you can choose.",
  unreachable: "Baton does not answer at this address.",
  "unsafe-integer": "A number in the body is beyond 2^53 and would be rounded. Send it as a string.",
  "unsupported-media-type": "The route does not accept the body's content type; send application/json.",
  usage: "The command line is invalid; see `--help`.",
  sealed:
    "A sensitive value cannot be decrypted: its key is missing here, or the value was changed or moved. Add the key after the current one, then resume.",
  "sensitive-leak":
    "A key, an attribute, a match or an event would contain a sensitive value, but these are stored and shown in plain text. Leave the value out.",
};
