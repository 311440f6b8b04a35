/** `GET /api/audit`: something that a person, or the engine for one, has done. */
export interface AuditEntry {
  readonly at: string;
  readonly actor: string;
  readonly verb: string;
  /** The run that it was done to, by id; also one that is gone. */
  readonly run: string | null;
  /** The schedule, by id. */
  readonly schedule: string | null;
  readonly why: string | null;
}
