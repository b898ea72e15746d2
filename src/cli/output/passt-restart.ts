/** Told before passt is restarted, since nothing else changes its forwards. */
export const PASST_RESTART =
  'restarting passt to change the forwards; this ends the open connections of the guest through passt';
