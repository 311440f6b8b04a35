import { useQuery } from "@tanstack/react-query";
import { queries } from "../api/queries.ts";

/** Whether this server is read-only. True until the server has reported otherwise, so that no action is offered too early. */
export function useReadOnly(): boolean {
  return useQuery(queries.server()).data?.isReadOnly ?? true;
}
