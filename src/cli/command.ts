import { type Connection, connect, type Globals, type Need } from "./connect.ts";
import { type Exit, exit } from "./exit.ts";
import { createIo, type Io } from "./io.ts";

/** Signals within this time count as one. */
const echoMs = 1_000;

/** What a command receives in addition to its arguments. */
export interface CommandContext {
  readonly io: Io;
  readonly globals: Globals;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Runs a command, and turns what it throws into a message and an exit code. */
export async function runCommand(globals: Globals, work: (context: CommandContext) => Promise<Exit>): Promise<Exit> {
  const io = createIo(globals);
  const interrupt = new AbortController();
  let askedAt = 0;
  const stop = (): void => {
    if (!interrupt.signal.aborted) {
      askedAt = performance.now();
      interrupt.abort();
      return;
    }
    // A second signal means to exit at once. But a supervisor that forwards a signal delivers it twice.
    if (performance.now() - askedAt > echoMs) process.exit(exit.interrupted);
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  try {
    return await work({ io, globals, signal: interrupt.signal });
  } catch (error) {
    return io.fail(error);
  } finally {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  }
}

/** Runs a command that uses the API, and closes the connection afterwards. */
export function runConnected(
  globals: Globals,
  need: Need,
  work: (context: CommandContext & { connection: Connection }) => Promise<Exit>,
): Promise<Exit> {
  return runCommand(globals, async (context) => {
    const connection = await connect(globals, need, context.io.say);
    try {
      return await work({ ...context, connection });
    } finally {
      await connection.close();
    }
  });
}
