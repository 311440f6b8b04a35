/** An action that a step of the guide offers. It acts on the real system. */
export interface GuideAct {
  readonly id: string;
  readonly label: string;
  /** Why it is not possible now; null if it is. */
  readonly blocked: string | null;
}

export interface GuideStep {
  readonly id: string;
  readonly title: string;
  /** What the step shows, in one or two sentences. */
  readonly text: string;
  readonly isDone: boolean;
  readonly acts: readonly GuideAct[];
  /** The run to view, if any. */
  readonly run: string | null;
}

/** `GET /api/guide`: the getting-started checklist. Steps are checked off from the state of the store. */
export interface Guide {
  readonly title: string;
  readonly intro: string;
  readonly steps: readonly GuideStep[];
}

/** The response to `POST /api/guide/{act}`. */
export interface GuideActed {
  /** The result, in a sentence. */
  readonly text: string;
  /** The run that it started or changed. */
  readonly run: string | null;
}
