/** noVNC has no types; these are the parts of its API that the page uses (docs/API.md of noVNC). */
declare module '@novnc/novnc' {
  interface Options {
    readonly shared?: boolean;
  }

  export default class RFB extends EventTarget {
    constructor(target: HTMLElement, channel: WebSocket, options?: Options);
    scaleViewport: boolean;
    clipViewport: boolean;
    showDotCursor: boolean;
    focusOnClick: boolean;
    disconnect(): void;
    focus(): void;
    blur(): void;
    sendKey(keysym: number, code: string | null, down?: boolean): void;
    sendCtrlAltDel(): void;
  }
}
