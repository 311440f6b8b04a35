/** What each error code means and what to do about it, for docs/look-up/errors.md. */
export const explanations: Readonly<Record<string, string>> = {
  abandoned: "The run's code ended while this step was still under way; its signal was aborted. Await every step.",
  ambiguous: "More than one run id begins so. Give more of it; the candidates are in the details.",
  "attempt-lost":
    "The process died during this attempt, so its outcome is unknown. The step is tried again with the same idempotency key.",
  "bad-request": "The request cannot be read as HTTP. Look at its form.",
  cancelled: "The run is being cancelled; attempts under way are aborted by their signal.",
  "child-cancelled": "A child run that `ctx.call` waited for was cancelled.",
  "child-failed":
    "A child run that `ctx.call` waited for failed. Its error is the cause; resuming the parent resumes the child.",
  "child-compensation":
    "A completed child that this run asked to have undone could not be undone. Mend and resume the child, then resume this run.",
  closed: "The instance was closed. Open another one.",
  conflict: "The run kept changing while a verb was asked for. Try again.",
  corrupt:
    "The file is no store of this Baton: damaged, no SQLite file, of another application or of a newer schema; or a large value has lost its file beside the store, and the message names run and step. Nothing was changed. Name another file, or restore what is missing from a backup; `baton doctor --full` lists it.",
  "crash-loop":
    "The run killed its process again and again while it ran alone. Look at its last step, mend the code, then `baton resume`.",
  deadline:
    "The run was not done by the deadline of its workflow. Resume it to give it its whole time anew, or raise the deadline.",
  drained:
    "Every version of this workflow is drained, so that it takes no new starts. Choose one: `baton versions NAME --use VERSION`.",
  "embedded-owner":
    "An application holds this store without serving HTTP. It can be read; a verb must come from that application.",
  "host-refused":
    "The request names a host that this server does not answer to. Use 127.0.0.1 or localhost with its port.",
  illegal: "The verb does not fit the run's status. The hint says which one does.",
  internal: "Something unexpected happened in the server; its log has the cause.",
  interrupted: "The command was interrupted. Runs go on.",
  "invalid-config": "A setting cannot be used; the message names it and where it came from.",
  "invalid-event": "An event needs a name of 1 to 200 and an id of 1 to 512 characters.",
  "invalid-fixture":
    "The file is no run that this Baton can import: not written by `baton export`, of a newer format, or altered; the message names the place. Nothing was written.",
  "invalid-input": "The input does not match the workflow's schema; every place is named. Nothing was started.",
  "invalid-name": "A name or key must be text of bounded length.",
  "invalid-option": "An option has a value that it cannot have; the message says which it may.",
  "invalid-output": "The output does not match the workflow's output schema.",
  "invalid-page-token": "The page token was not made by this list. Begin without one.",
  "invalid-request": "The body or query does not have the shape of this route; every place is named.",
  "invalid-schedule":
    "A schedule's times or options cannot be used; the message names which, and the definition is not loaded.",
  "key-conflict":
    "The idempotency key has started this workflow with another input. Use a new key for a new input; the details name the run.",
  "lease-lost": "Another worker holds the run by now; what this one still does does not count.",
  limit: "Something is larger than its limit; the message says which and by how much. Nothing was written.",
  "malformed-json": "The body is not JSON; line and column are named.",
  "method-not-allowed": "The route does not take this method; `Allow` says which it takes.",
  "needs-accounts": "Baton listens on this machine only until it has accounts.",
  "nested-step":
    "A step's own code has asked the context for a step, a wait or a child. A replay leaves that code out; ask before or after the step.",
  "no-baton":
    "Nothing serves here and the command needs something that does. Start it with `baton dev` or `baton start`.",
  "not-at-rest":
    "A run that still goes on cannot be erased. Wait for it, or let it be cancelled first: `baton erase RUN --cancel`.",
  "no-port": "No free port was found near the wanted one. Name one with --port or take any with 0.",
  "not-bundled":
    "A definition file holds something that a bundle cannot carry; each place is named. Nothing was deployed.",
  "no-key":
    "There is no key for sensitive values. Set `BATON_SENSITIVE_KEY` or `BATON_SENSITIVE_KEY_FILE`; make one with `openssl rand -hex 32`.",
  "no-return":
    "The run has passed its point of no return, so that what it did is not undone any more. Resume it, or cancel it without compensation.",
  "not-found": "There is no such thing here. Retention may have removed it.",
  "origin-refused": "A page of another origin sent this request. Baton answers its own origin only.",
  "race-lost": "Another branch of the race was first; this one's attempts are aborted.",
  "rate-limited":
    "The workflow's `rateLimit` takes no more starts of this key now. Try again after `retryInMs`, or use `throttle` to have starts wait.",
  "read-only": "This server or connection changes nothing.",
  "run-cancelled": "The run whose result was awaited was cancelled.",
  "run-failed":
    "The run whose result was awaited failed; its error is the cause. It is a dead letter: mend the cause, then resume it.",
  "step-failed":
    "A step used up its retries; its last error is the cause. Catch it, or let the run become a dead letter.",
  stopping: "The process is stopping; the attempt is aborted and made again after the next start.",
  suspended: "The test kit waited for a run that is suspended; its reason says what for.",
  timeout:
    "Something took longer than its limit. A step is tried again by its policy; a wait for a result may be asked again.",
  "too-large": "A value is larger than the store can hold.",
  "tx-failed": "A statement inside `ctx.tx` failed, and all of it was rolled back; the message is the database's.",
  "tx-refused": "Inside `ctx.tx` only your own tables may be used, through `db.query`; transactions are Baton's.",
  "tx-too-long": "`ctx.tx` took longer than its limit and was rolled back. Await nothing but `db.query` inside.",
  unavailable:
    "The store cannot be used right now: the disk is full, another process has the file, or too much waits to be written. The message names the cause; try again.",
  unencodable: "A value cannot be kept as JSON without being altered; its path is named.",
  "unknown-definition": "No workflow of this name is loaded here; the known ones are named.",
  "unknown-outcome":
    "The store did not answer; what was asked may have been done. Ask again with the same idempotency key.",
  "unknown-route": "There is nothing at this address; /openapi.json lists what there is.",
  "unknown-step": "The run has no recorded step of this name; those that it has are named.",
  unreachable: "No Baton answers at this address.",
  "unsafe-integer": "A number in the body is beyond 2^53 and would be rounded. Send it as a string.",
  "unsupported-media-type": "The body's content type does not belong to this route; send application/json.",
  usage: "The command line cannot be understood; `--help` shows what it takes.",
  sealed:
    "A sensitive value cannot be opened: its key is not here, or the value was changed or moved. Give the key back behind the one that seals now, then resume.",
  "sensitive-leak":
    "A key, an attribute, a match or an event would hold a sensitive value; these are kept and shown in clear. Leave it out.",
};
