/** Something that a guide's step does for whoever reads it: a real act on real parts. */
export interface GuideAct {
  readonly id: string;
  readonly label: string;
  /** Why it cannot be done now; null: it can. */
  readonly blocked: string | null;
}

export interface GuideStep {
  readonly id: string;
  readonly title: string;
  /** What it shows, in a sentence or two. */
  readonly text: string;
  readonly isDone: boolean;
  readonly acts: readonly GuideAct[];
  /** The run to look at, when there is one. */
  readonly run: string | null;
}

/** `GET /api/guide`: the checklist of the first minutes. It ticks itself from what is in the store. */
export interface Guide {
  readonly title: string;
  readonly intro: string;
  readonly steps: readonly GuideStep[];
}

/** The answer to `POST /api/guide/{act}`. */
export interface GuideActed {
  /** What was done, in a sentence. */
  readonly text: string;
  /** The run that it made or touched. */
  readonly run: string | null;
}
