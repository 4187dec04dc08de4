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

/** The mark: a line that carries a voice. */
export const Mark = () => (
  <svg class="mark" viewBox="0 0 64 64" aria-hidden="true" focusable="false">
    <rect width="64" height="64" rx="16" class="mark-ground" />
    <g class="mark-line" fill="none" stroke-width="5" stroke-linecap="round">
      <path d="M14 32h4M46 32h4M25 22v20M32 15v34M39 22v20" />
    </g>
  </svg>
);
