export { type ErrorDetails, VmletError } from './errors/vmlet-error.ts';
export { type ExitStatus, describeExit } from './errors/exit-status.ts';
export { tellingLine } from './errors/telling-line.ts';
export { isSystemError } from './errors/system-error.ts';
export { InvalidInputError } from './errors/input.ts';
export { StandstillError, TimedOutError, WaitTimedOutError } from './errors/time-limit.ts';
export {
  MissingProgramError,
  ProcessStartError,
  ProgramAnswerError,
  CommandFailedError,
} from './errors/program.ts';
export {
  NoSpaceError,
  PermissionError,
  UnsupportedHostError,
  AcceleratorUnavailableError,
  BrokenQemuError,
  FirmwareNotFoundError,
  UserManagerUnavailableError,
} from './errors/host.ts';
export { type PortOwner, PortTakenError, NetworkStartError } from './errors/network.ts';
export { ConnectError } from './errors/socket.ts';
export {
  QmpRefusedError,
  QmpClosedError,
  QmpCrashedError,
  QmpStateError,
  QmpProtocolError,
  QmpConnectError,
  QmpNoGreetingError,
  QmpJobError,
} from './errors/qmp.ts';
export {
  ImageBuildError,
  ImageNotFoundError,
  ImageInUseError,
  ImageLockedError,
  ImageRefusedError,
} from './errors/image.ts';
export { type DownloadFailure, DownloadError, DigestMismatchError } from './errors/download.ts';
export {
  CatalogueFileError,
  PublisherDocumentError,
  SignatureError,
  ImageMovedError,
} from './errors/catalogue.ts';
export { LaunchError, MachineEndedError, KeeperEndedError } from './errors/machine-run.ts';
export {
  MachineNotFoundError,
  MachineExistsError,
  MachineBusyError,
  MachineStateError,
  BrokenMachineError,
} from './errors/named-machine.ts';
export { MissingDeviceError, GuestHoldsDeviceError } from './errors/device.ts';
export {
  TemplateNotFoundError,
  TemplateExistsError,
  TemplateStaleError,
  BrokenTemplateError,
} from './errors/template.ts';
export { GuestCommandError, GuestCommandFailedError } from './errors/guest-command.ts';
export {
  GuestFileError,
  GuestRequestError,
  GuestProtocolError,
  GuestClosedError,
} from './errors/guest-agent.ts';
export { GuestSetupError, GuestUnitError, CloudInitError } from './errors/guest-system.ts';
export { FaultUnavailableError, type GuestAlarmKind, GuestAlarmError } from './errors/testing.ts';
