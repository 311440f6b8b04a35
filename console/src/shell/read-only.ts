import { useQuery } from "@tanstack/react-query";
import { reads } from "../api/queries.ts";

/** Whether this server takes no acts, or has not yet said that it does: then none are offered. */
export function useReadOnly(): boolean {
  return useQuery(reads.server()).data?.isReadOnly ?? true;
}
