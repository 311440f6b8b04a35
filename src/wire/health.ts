/** `GET /healthz`: identifies this process. The command line compares the pid with the store's owner file. */
export interface Health {
  readonly status: "ok";
  readonly pid: number;
}
