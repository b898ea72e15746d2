/** One part of the benchmark, which can be run alone by its name. */
export interface Section {
  /** What is compared, and what is to be reached. */
  readonly title: string;
  readonly rounds: number;
  run(rounds: number): Promise<SectionResult>;
}

export interface SectionResult {
  /** For people. */
  readonly text: string;
  /** All the raw numbers. */
  readonly data: object;
}
