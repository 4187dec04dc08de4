//! The report of a bench for people: one HTML file with its charts inside, which loads nothing.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use crate::{
    conditions::Conditions,
    plot::{self, COLOURS, Chart, Scale, Series, Shape},
    stats::Delays,
};

/// A case as the page shows it.
#[derive(Debug)]
pub struct Section<'a> {
    /// The case's name.
    pub name: &'a str,
    /// Its figures.
    pub figures: &'a BTreeMap<String, f64>,
    /// Its delays, if it measures any.
    pub delays: Option<&'a Delays>,
    /// What else it shows.
    pub charts: &'a [Chart],
}

/// Bins of a histogram.
const BINS: usize = 80;

/// Parts of a run into which delays are gathered for their course.
const PARTS: usize = 120;

const STYLE: &str = include_str!("page.css");

/// The whole page; `charts` are about all cases together.
#[must_use]
pub fn write(bench: &str, conditions: &Conditions, sections: &[Section<'_>], charts: &[Chart]) -> String {
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{0}</title>\n\
         <style>\n{STYLE}{1}</style>\n</head>\n<body>\n<h1>{0}</h1>\n",
        escape(bench),
        plot::style(),
    );
    let Conditions { cpu, cores, kernel, load_average, commit, rustc, browser, date, command } = conditions;
    let rows = [
        ("Command", format!("<code>{}</code>", escape(command))),
        ("Machine", escape(&format!("{cpu}, {cores} cores, {kernel}"))),
        ("Load before", escape(load_average)),
        ("Commit", escape(&format!("{commit}, {rustc}"))),
        ("Browser", escape(browser.as_deref().unwrap_or_default())),
        ("Begun", escape(date)),
    ];
    let known = rows.iter().filter(|(_, value)| !value.is_empty());
    let rows: String = known.map(|(name, value)| format!("<dt>{name}</dt><dd>{value}</dd>\n")).collect();
    push(&mut page, &format!("<dl>\n{rows}</dl>\n"));
    let charts: Vec<Chart> = distributions(sections).into_iter().chain(charts.iter().cloned()).collect();
    push_charts(&mut page, &charts);
    for section in sections {
        push(&mut page, &format!("<section>\n<h2>{}</h2>\n{}", escape(section.name), table(section.figures)));
        let of_delays = section.delays.into_iter().flat_map(|delays| [Some(histogram(delays)), course(delays)]);
        let charts: Vec<Chart> = of_delays.flatten().chain(section.charts.iter().cloned()).collect();
        push_charts(&mut page, &charts);
        push(&mut page, "</section>\n");
    }
    push(&mut page, "</body>\n</html>\n");
    page
}

/// How much of the delays of each case lies below a delay.
fn distributions(sections: &[Section<'_>]) -> Option<Chart> {
    let line = |delays: &Delays| {
        let percents = (0..=1000).map(|permille| f64::from(permille) / 10.0);
        percents.map(|percent| (delays.percentile_ms(percent), percent)).collect()
    };
    let series: Vec<Series> = sections
        .iter()
        .filter_map(|section| Some(Series { name: section.name.to_owned(), shape: Shape::Line(line(section.delays?)) }))
        .collect();
    let title = "Share of delays that are at most so long".to_owned();
    (!series.is_empty()).then(|| Chart { title, x: "delay, ms".into(), scale: Scale::Log, y: "%".into(), series })
}

fn histogram(delays: &Delays) -> Chart {
    // The rarest would leave no room for the rest; the table has the maximum.
    let width = (delays.percentile_ms(99.9) * 1.02 / BINS as f64).max(0.001);
    let shares = delays.shares(width, BINS).into_iter().enumerate();
    let bars = shares.map(|(bin, share)| (bin as f64 * width, (bin + 1) as f64 * width, 100.0 * share)).collect();
    let series = vec![Series { name: "delays".into(), shape: Shape::Bars(bars) }];
    Chart { title: "Distribution".into(), x: "delay, ms".into(), scale: Scale::Linear, y: "% of delays".into(), series }
}

fn course(delays: &Delays) -> Option<Chart> {
    let mut points = delays.course().to_vec();
    points.sort_unstable();
    let (first, last) = (points.first()?.0, points.last()?.0);
    let part = ((last - first) / PARTS as u32).max(Duration::from_millis(1));
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    let (mut band, mut median, mut most) = (Vec::new(), Vec::new(), Vec::new());
    for together in
        points.chunk_by(|a, b| (a.0 - first).as_nanos() / part.as_nanos() == (b.0 - first).as_nanos() / part.as_nanos())
    {
        let mut delays: Vec<Duration> = together.iter().map(|point| point.1).collect();
        delays.sort_unstable();
        let at = together[together.len() / 2].0.as_secs_f64();
        let quantile = |percent: usize| ms(delays[(delays.len() - 1) * percent / 100]);
        band.push((at, quantile(5), quantile(95)));
        median.push((at, quantile(50)));
        most.push((at, quantile(100)));
    }
    let series = vec![
        Series { name: "5 to 95 %".into(), shape: Shape::Band(band) },
        Series { name: "median".into(), shape: Shape::Line(median) },
        Series { name: "longest".into(), shape: Shape::Dots(most) },
    ];
    Some(Chart { title: "Course".into(), x: "time, s".into(), scale: Scale::Linear, y: "delay, ms".into(), series })
}

fn table(figures: &BTreeMap<String, f64>) -> String {
    let cells: String = figures
        .iter()
        .map(|(name, figure)| format!("<div><dt>{}</dt><dd>{figure}</dd></div>\n", escape(&name.replace('_', " "))))
        .collect();
    format!("<dl class=\"figures\">\n{cells}</dl>\n")
}

fn push_charts(page: &mut String, charts: &[Chart]) {
    if !charts.is_empty() {
        push(page, "<div class=\"charts\">\n");
        charts.iter().for_each(|chart| push_chart(page, chart));
        push(page, "</div>\n");
    }
}

fn push_chart(page: &mut String, chart: &Chart) {
    let Some(svg) = chart.svg() else { return };
    let legend: String = chart
        .series
        .iter()
        .enumerate()
        .map(|(n, series)| format!("<li style=\"--key: var(--series-{})\">{}</li>", n % COLOURS, escape(&series.name)))
        .collect();
    let legend = if chart.series.len() > 1 { format!("<ul>{legend}</ul>") } else { String::new() };
    let title = escape(&chart.title);
    push(
        page,
        &format!(
            "<figure role=\"img\" aria-label=\"{title}\">\n<figcaption>{title}{legend}</figcaption>\n{svg}</figure>\n"
        ),
    );
}

fn push(page: &mut String, html: &str) {
    page.write_str(html).expect("writing to a string");
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delays() -> Delays {
        let mut delays = Delays::default();
        for n in 0..1000u64 {
            delays.record_at(Duration::from_millis(20 * n), Duration::from_micros(10_000 + n * 7919 % 10_000));
        }
        delays
    }

    #[test]
    fn the_page_holds_distribution_and_course_of_each_case_and_loads_nothing() {
        let (delays, figures) = (delays(), BTreeMap::from([("p50_ms".to_owned(), 15.0)]));
        let section = |name| Section { name, figures: &figures, delays: Some(&delays), charts: &[] };
        let page = write("relay_delay", &Conditions::now("relay_delay"), &[section("one"), section("two")], &[]);
        assert_eq!(page.matches("<svg").count(), 1 + 2 * 2);
        assert!(page.contains("<dt>p50 ms</dt><dd>15</dd>"), "{page}");
        let external = ["src=", "href=", "url(", "@import"];
        assert!(external.iter().all(|way| !page.contains(way)));
    }

    #[test]
    fn the_bars_of_a_histogram_add_up_to_all_but_the_rarest() {
        let [Series { shape: Shape::Bars(bars), .. }] = &histogram(&delays()).series[..] else { panic!("bars") };
        let sum: f64 = bars.iter().map(|bar| bar.2).sum();
        assert!((99.8..=100.001).contains(&sum), "{sum}");
    }

    #[test]
    fn the_course_of_even_delays_is_even() {
        let chart = course(&delays()).expect("there is a course");
        let Shape::Line(median) = &chart.series[1].shape else { panic!("a line") };
        assert!((100..=PARTS + 1).contains(&median.len()), "{}", median.len());
        assert!(median.iter().all(|point| (10.0..20.0).contains(&point.1)));
        assert!(course(&Delays::default()).is_none());
    }

    #[test]
    fn what_is_named_is_text_not_markup() {
        assert_eq!(escape("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
    }
}
