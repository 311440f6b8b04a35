/** An error as it is recorded. Lists leave out `stack`, `details` and `cause`. */
export interface RunError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  /** The step that it came from. */
  readonly step?: string;
  readonly stack?: string;
  readonly details?: unknown;
  readonly cause?: RunError;
}
