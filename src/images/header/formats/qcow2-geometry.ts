/** Sizes from the header of a qcow2, by which its other parts are located. */
export interface Qcow2Geometry {
  readonly version: number;
  readonly clusterBytes: number;
  readonly headerLength: number;
  /** The end of the space for header extensions. */
  readonly extensionsEnd: number;
}
