const NOT_LATIN = 0x01000000;

/**
 * Stands for noVNC’s table of older key symbols of other scripts: QEMU goes by the scan code, so that the general form of
 * X11 is enough; see `vite.config.ts`.
 */
export default {
  lookup: (codePoint: number): number =>
    codePoint >= 0x20 && codePoint <= 0xff ? codePoint : NOT_LATIN | codePoint,
};
