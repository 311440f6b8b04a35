/** Runs that a client orders over HTTP while Baton is killed: each is sent until it is acknowledged, under one key. */
import { type StartRequest, startUntilAcknowledged } from "../../examples/customer-onboarding/processes/api.ts";

/** An acknowledged run: a promise that Baton gave. */
export interface Acknowledged {
  readonly request: StartRequest;
  readonly id: string;
}

/** The orders of a test. */
export interface Orders {
  readonly acknowledged: readonly Acknowledged[];
  /** Sends the next orders until `count` of them are on their way. */
  sendUpTo(count: number): void;
  /** How many are on their way or acknowledged. */
  sentCount(): number;
  /** Settles when every order sent is acknowledged; rejects when one was refused. */
  settled(): Promise<void>;
}

/** Takes orders for `requests`, in their order. */
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
