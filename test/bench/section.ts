/** One part of the benchmark, which can be run alone by its name. */
export interface Section {
  /** The comparison, and its target. */
  readonly title: string;
  readonly rounds: number;
  run(rounds: number): Promise<SectionResult>;
}

export interface SectionResult {
  /** For people. */
  readonly text: string;
  /** All raw numbers. */
  readonly data: object;
}
