import { render } from 'preact';

render(<h1>Lanline</h1>, document.getElementById('app')!);
