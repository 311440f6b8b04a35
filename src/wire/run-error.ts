/** A recorded error. Lists omit `stack`, `details` and `cause`. */
export interface RunError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  /** The step that failed. */
  readonly step?: string;
  readonly stack?: string;
  readonly details?: unknown;
  readonly cause?: RunError;
}
