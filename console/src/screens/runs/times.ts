/** When the runs of a list were started, where that is asked for. */
export interface Times {
  readonly from?: string;
  readonly to?: string;
}
