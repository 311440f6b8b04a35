/**
 * Runs that a client starts over HTTP while Baton is killed: each request is sent under one key until it is
 * acknowledged.
 */
import { type StartRequest, startUntilAcknowledged } from "../../examples/customer-onboarding/processes/api.ts";

/** An acknowledged run. */
export interface Acknowledged {
  readonly request: StartRequest;
  readonly id: string;
}

/** The start requests of a test. */
export interface Orders {
  readonly acknowledged: readonly Acknowledged[];
  /** Sends the next requests until `count` of them are sent. */
  sendUpTo(count: number): void;
  /** Number of requests sent, acknowledged or not. */
  sentCount(): number;
  /** Resolves when every sent request is acknowledged; rejects when one was refused. */
  settled(): Promise<void>;
}

/** Prepares `requests`, to be sent in this order. */
export function openOrders(
  requests: readonly StartRequest[],
  { findUrl, signal, limitMs }: { findUrl: () => string | null; signal: AbortSignal; limitMs: number },
): Orders {
  const acknowledged: Acknowledged[] = [];
  const sent: Promise<void>[] = [];
  const send = async (request: StartRequest): Promise<void> => {
    const { id } = await startUntilAcknowledged(findUrl, request, { signal, limitMs });
    acknowledged.push({ request, id });
  };
  return {
    acknowledged,
    sendUpTo: (count) => {
      for (const request of requests.slice(sent.length, count)) {
        const sending = send(request);
        sending.catch(() => {});
        sent.push(sending);
      }
    },
    sentCount: () => sent.length,
    settled: async () => void (await Promise.all(sent)),
  };
}
