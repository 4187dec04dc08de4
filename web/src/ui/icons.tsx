// Icons drawn on a 24-unit grid with the text's own colour. They never stand alone: text beside them or a label says it.

import type { ComponentChildren } from 'preact';

function Icon({ children }: { children: ComponentChildren }) {
  return (
    <svg
      class="icon"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="2"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {children}
    </svg>
  );
}

export const MicrophoneIcon = () => (
  <Icon>
    <rect x="9" y="3" width="6" height="11" rx="3" />
    <path d="M5.5 11a6.5 6.5 0 0 0 13 0M12 17.5V21" />
  </Icon>
);

export const MutedIcon = () => (
  <Icon>
    <path d="M9 9v2a3 3 0 0 0 4.6 2.5M15 10.5V6a3 3 0 0 0-5.7-1.3" />
    <path d="M5.5 11a6.5 6.5 0 0 0 9.8 5.6M18.5 11a6.4 6.4 0 0 1-.6 2.7M12 17.5V21M4 4l16 16" />
  </Icon>
);

export const CheckIcon = () => (
  <Icon>
    <path d="M5 12.5l4.5 4.5L19 7.5" />
  </Icon>
);

export const EditIcon = () => (
  <Icon>
    <path d="M4 20h4L19 9l-4-4L4 16zM13 7l4 4" />
  </Icon>
);

export const LeaveIcon = () => (
  <Icon>
    <path d="M10 4H6a2 2 0 0 0-2 2v12a2 2 0 0 0 2 2h4M15 8l4 4-4 4M19 12H10" />
  </Icon>
);

export const SendIcon = () => (
  <Icon>
    <path d="M5 12h13M12.5 6l6 6-6 6" />
  </Icon>
);

export const CloseIcon = () => (
  <Icon>
    <path d="M6 6l12 12M18 6L6 18" />
  </Icon>
);

export const EarIcon = () => (
  <Icon>
    <path d="M6.5 9a5.5 5.5 0 0 1 11 0c0 4-4 4.5-4 8a3 3 0 0 1-5.6 1.5M9.5 9.5a2.5 2.5 0 0 1 5 0c0 1.5-1.5 1.8-1.5 3" />
  </Icon>
);

export const InfoIcon = () => (
  <Icon>
    <circle cx="12" cy="12" r="9" />
    <path d="M12 11v5M12 7.8v.2" />
  </Icon>
);

export const WarningIcon = () => (
  <Icon>
    <path d="M12 4L2.8 19.5h18.4zM12 10v4M12 16.8v.2" />
  </Icon>
);

export const PushIcon = () => (
  <Icon>
    <path d="M8 13V6.5a1.8 1.8 0 0 1 3.6 0V11l4.6.8a2.6 2.6 0 0 1 2.1 3l-.6 3.2a3.6 3.6 0 0 1-3.5 3H11a4 4 0 0 1-3-1.4L4.7 15a1.7 1.7 0 0 1 2.5-2.3L8 13.5" />
    <path d="M5.6 8.5a5 5 0 0 1-.8-2.4 5 5 0 0 1 10 0c0 .8-.2 1.5-.5 2.2" />
  </Icon>
);

export const SpeakerIcon = () => (
  <Icon>
    <path d="M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a7.8 7.8 0 0 1 0 11" />
  </Icon>
);

export const SpeakerOffIcon = () => (
  <Icon>
    <path d="M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM16 9.5l5 5M21 9.5l-5 5" />
  </Icon>
);

export const SettingsIcon = () => (
  <Icon>
    <path d="M4 7h9M17.5 7H20M4 17h2.5M11 17h9" />
    <circle cx="15" cy="7" r="2.3" />
    <circle cx="8.7" cy="17" r="2.3" />
  </Icon>
);

export const InviteIcon = () => (
  <Icon>
    <circle cx="9.5" cy="8" r="3.6" />
    <path d="M3 20a6.5 6.5 0 0 1 13 0M18.5 8v6M15.5 11h6" />
  </Icon>
);

export const BellIcon = () => (
  <Icon>
    <path d="M6.5 16.5V11a5.5 5.5 0 0 1 11 0v5.5l1.5 1H5zM10 20a2.2 2.2 0 0 0 4 0M12 5.5V4" />
  </Icon>
);

export const WeakLinkIcon = () => (
  <Icon>
    <path d="M4 19v-3M9.3 19v-7M14.6 19v-2M20 19v-2M14 5l6 6M20 5l-6 6" />
  </Icon>
);

export const SlowDeviceIcon = () => (
  <Icon>
    <path d="M7 3.5h10M7 20.5h10M8 3.5c0 5 3 6 4 8.5 1-2.5 4-3.5 4-8.5M8 20.5c0-5 3-6 4-8.5 1 2.5 4 3.5 4 8.5" />
  </Icon>
);

export const AwayIcon = () => (
  <Icon>
    <circle cx="12" cy="12" r="8.5" />
    <path d="M12 7v5.2l3.3 2" />
  </Icon>
);

/** The mark: a line that carries a voice. */
export const Mark = () => (
  <svg class="mark" viewBox="0 0 64 64" aria-hidden="true" focusable="false">
    <rect width="64" height="64" rx="16" class="mark-ground" />
    <g class="mark-line" fill="none" stroke-width="5" stroke-linecap="round">
      <path d="M14 32h4M46 32h4M25 22v20M32 15v34M39 22v20" />
    </g>
  </svg>
);
