export type { Verdict } from "../kernel/engine/rehearsal.ts";
export { openTestBaton, type TestBaton, type TestHandle, type TestOptions } from "./test-baton.ts";
export { TestClock } from "./test-clock.ts";
