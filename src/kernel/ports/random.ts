/** Random numbers and new ids, for use outside runs only: inside a run everything is derived. */
export interface Random {
  /** In [0, 1). */
  float(): number;
  /** A UUID version 7, monotonic within this process. */
  uuid(): string;
}
