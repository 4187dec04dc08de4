import { Failure } from './failure.tsx';
import { useFocus } from './focus.ts';
import { Join } from './join.tsx';
import { Room } from './room.tsx';
import { screen } from './store.ts';

export function App() {
  const now = screen.value;
  useFocus(now.at);
  switch (now.at) {
    case 'join':
    case 'entering':
      return <Join entering={now.at === 'entering'} />;
    case 'room':
      return <Room />;
    case 'failed':
      return <Failure failure={now.failure} />;
  }
}
