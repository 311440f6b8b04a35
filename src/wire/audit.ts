/** `GET /api/audit`: an action of a person, or of the engine on behalf of one. */
export interface AuditEntry {
  readonly at: string;
  readonly actor: string;
  readonly verb: string;
  /** Id of the affected run, also if it was removed. */
  readonly run: string | null;
  /** Id of the affected schedule. */
  readonly schedule: string | null;
  readonly why: string | null;
}
