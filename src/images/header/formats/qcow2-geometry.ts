/** What the parts of a qcow2 that lie elsewhere are measured by. */
export interface Qcow2Geometry {
  readonly version: number;
  readonly clusterBytes: number;
  readonly headerLength: number;
  /** Where the header extensions end at the latest. */
  readonly extensionsEnd: number;
}
