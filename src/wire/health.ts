/** `GET /healthz`: who answers here. The command line checks the pid against the store's owner file. */
export interface Health {
  readonly status: "ok";
  readonly pid: number;
}
