import type { CurrentRun } from "./app/baton.ts";
import type { BulkOperation } from "./app/bulk.ts";
import type { GuideActionSource } from "./app/guide.ts";
import type { ScheduleControl } from "./app/schedules.ts";
import type { Firing, FiringOutcome } from "./kernel/model/schedule.ts";
import type { Timestamp } from "./stdx/timestamp.ts";
import type { OneTimeOptions, ScheduledFiring } from "./workflows/schedule.ts";

export {
  type Baton,
  type CurrentRun,
  currentRun,
  type DeadLetter,
  type HeldEvent,
  type OpenOptions,
  openBaton,
} from "./app/baton.ts";
export type { BulkOperation, Bulks } from "./app/bulk.ts";
export type { DoctorOptions, EraseRequest } from "./app/care.ts";
export { type BatonConfig, type Definition, defineConfig } from "./app/config.ts";
export type { GuideActionSource, GuideApi, GuideSource, GuideStepSource } from "./app/guide.ts";
export { type Handle, RunFailedError, type VerbOptions } from "./app/handle.ts";
export type { ScheduleControl } from "./app/schedules.ts";
export type { StepAttempt, StepLog } from "./kernel/engine/attempt.ts";
export type { Examination, Repair } from "./kernel/engine/doctor.ts";
export type { Erasure } from "./kernel/engine/erase.ts";
export type { StartOptions } from "./kernel/engine/handler.ts";
export type { EventInput } from "./kernel/engine/intake.ts";
export type { BackfillItem } from "./kernel/engine/schedules.ts";
export type { UndoAttempt } from "./kernel/engine/undo.ts";
export type { BulkFilter, BulkRow, BulkVerb } from "./kernel/model/bulk.ts";
export type { Finding } from "./kernel/model/doctor.ts";
export { BatonError, type ErrorRecord, StoreError, type StoreErrorCode } from "./kernel/model/errors.ts";
export type { RunFixture } from "./kernel/model/fixture.ts";
export type { Reason } from "./kernel/model/reason.ts";
export type { DefinitionRef, RunRow } from "./kernel/model/run.ts";
export type { Firing, FiringOutcome, Overlap, ScheduleRow, ScheduleSpec, Timing } from "./kernel/model/schedule.ts";
export type { RunStatus } from "./kernel/model/status.ts";
export { ChildFailedError, NonRetryableError, RetryAfter, StepFailedError } from "./kernel/model/user-errors.ts";
export type { Logger } from "./kernel/ports/logger.ts";
export type { TxClient } from "./kernel/ports/store.ts";
export type { Duration } from "./stdx/duration.ts";
export type { Timestamp } from "./stdx/timestamp.ts";
export type {
  Branch,
  ChildOptions,
  Context,
  ReceivedEvent,
  WaitOptions,
} from "./workflows/context.ts";
export {
  type AnyWorkflow,
  type EventTrigger,
  on,
  type Trigger,
  type Workflow,
  type WorkflowOptions,
  workflow,
} from "./workflows/definition.ts";
export type {
  BatchOptions,
  ConcurrencyOptions,
  DebounceOptions,
  FlowOptions,
  RateOptions,
  SingletonOptions,
} from "./workflows/flow.ts";
export type { ItemFailure, MapFailure, MapOptions } from "./workflows/map.ts";
export type { RetryOptions, StepOptions, Undo, UndoOptions, WhenExhausted } from "./workflows/options.ts";
export type {
  CronOptions,
  IntervalOptions,
  OneTimeOptions,
  ScheduledFiring,
  ScheduleOptions,
  ScheduleTrigger,
} from "./workflows/schedule.ts";
export type { Schema } from "./workflows/schema.ts";

// Former names, kept so that existing code compiles.

/** @deprecated Use `BulkOperation`. */
export type BulkAct = BulkOperation;
/** @deprecated Use `Firing`. */
export type Fire = Firing;
/** @deprecated Use `FiringOutcome`. */
export type FireOutcome = FiringOutcome;
/** @deprecated Use `GuideActionSource`. */
export type GuideActSource = GuideActionSource;
/** @deprecated Use `Timestamp`. */
export type Moment = Timestamp;
/** @deprecated Use `OneTimeOptions`. */
export type MomentOptions = OneTimeOptions;
/** @deprecated Use `ScheduledFiring`. */
export type ScheduledFire = ScheduledFiring;
/** @deprecated Use `ScheduleControl`. */
export type ScheduleDesk = ScheduleControl;
/** @deprecated Use `CurrentRun`. */
export type Surrounding = CurrentRun;
