//! Charts as SVG whose colours follow the page they stand in.
//!
//! The drawing library writes colours as attributes, which style sheets override. So each colour here is a name that is mapped to
//! one of the page's, light or dark, by [`STYLE`].

use std::fmt::Write as _;

use plotters::{
    coord::{
        ranged1d::{Ranged, ValueFormatter},
        types::RangedCoordf64,
    },
    prelude::*,
};

/// A chart: what is on it and how its axes are called.
#[derive(Debug, Clone)]
pub struct Chart {
    /// Stands above it.
    pub title: String,
    /// Quantity and unit of the horizontal axis.
    pub x: String,
    /// What is along it.
    pub scale: Scale,
    /// Quantity and unit of the vertical axis, which begins at 0.
    pub y: String,
    /// What is drawn, the first beneath the others.
    pub series: Vec<Series>,
}

/// What is along a horizontal axis.
#[derive(Debug, Clone)]
pub enum Scale {
    /// Numbers.
    Linear,
    /// Numbers, as far apart as their ratio says; where they span less than a power of ten there would be none to read off, and they
    /// are as with [`Scale::Linear`].
    Log,
    /// Things: these are at 0, 1, 2, …
    Named(Vec<String>),
}

/// What is drawn in one colour.
#[derive(Debug, Clone)]
pub struct Series {
    /// For the legend.
    pub name: String,
    /// How it is drawn.
    pub shape: Shape,
}

/// How a series is drawn.
#[derive(Debug, Clone)]
pub enum Shape {
    /// Points joined by a line.
    Line(Vec<(f64, f64)>),
    /// The same, with a mark on each.
    Marked(Vec<(f64, f64)>),
    /// Marks alone.
    Dots(Vec<(f64, f64)>),
    /// An area: where, from, to.
    Band(Vec<(f64, f64, f64)>),
    /// Bars from the axis up: from, to, height.
    Bars(Vec<(f64, f64, f64)>),
}

/// Colours of series; the page maps them.
pub const COLOURS: usize = 8;

const SIZE: (u32, u32) = (720, 320);
const TEXT: RGBColor = RGBColor(2, 0, 0);
const GRID: RGBColor = RGBColor(3, 0, 0);
const FONT: (&str, u32) = ("system-ui, sans-serif", 16);
/// For names of more than this many cases side by side.
const NARROW_FONT: (&str, u32) = ("system-ui, sans-serif", 11);
const WIDE: usize = 3;

/// Maps the names of colours to those of the page: `--text`, `--line`, and `--series-0` and on.
#[must_use]
pub fn style() -> String {
    let names = (0..COLOURS).map(|n| (colour(n), format!("--series-{n}")));
    let names = names.chain([(TEXT, "--text".to_owned()), (GRID, "--line".to_owned())]);
    names.fold(String::new(), |mut style, (RGBColor(r, g, b), name)| {
        let hex = format!("#{r:02X}{g:02X}{b:02X}");
        writeln!(style, "svg [fill='{hex}'] {{ fill: var({name}) }} svg [stroke='{hex}'] {{ stroke: var({name}) }}")
            .expect("writing to a string");
        style
    })
}

impl Chart {
    /// The chart as an SVG element; `None` where there is nothing to draw.
    #[must_use]
    pub fn svg(&self) -> Option<String> {
        let corners: Vec<(f64, f64)> = self.series.iter().flat_map(|series| series.shape.corners()).collect();
        let (left, right) = span(corners.iter().map(|&(x, _)| x))?;
        let (_, top) = span(corners.iter().map(|&(_, y)| y))?;
        let top = if top > 0.0 { top * 1.05 } else { 1.0 };
        let mut svg = String::new();
        let drawn = {
            let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
            let right = if right > left { right } else { left + 1.0 };
            let mut builder = ChartBuilder::on(&area);
            builder.margin(10).x_label_area_size(46).y_label_area_size(64);
            match &self.scale {
                Scale::Log if right >= 10.0 * left => {
                    let left = left.max(right / 10_000.0);
                    builder.build_cartesian_2d((left..right).log_scale(), 0.0..top).and_then(|chart| self.draw(chart))
                }
                Scale::Log | Scale::Linear => {
                    builder.build_cartesian_2d(left..right, 0.0..top).and_then(|chart| self.draw(chart))
                }
                Scale::Named(names) => {
                    let span = -0.5..names.len() as f64 - 0.5;
                    builder.build_cartesian_2d(span, 0.0..top).and_then(|chart| self.draw(chart))
                }
            }
            .and_then(|()| area.present())
        };
        drawn.expect("writing to a string");
        Some(svg)
    }

    fn draw<'a, X>(
        &self,
        mut chart: ChartContext<'a, SVGBackend<'a>, Cartesian2d<X, RangedCoordf64>>,
    ) -> Result<(), DrawingAreaErrorKind<std::io::Error>>
    where
        X: Ranged<ValueType = f64> + ValueFormatter<f64>,
    {
        let [label, narrow] = [FONT, NARROW_FONT].map(|font| font.into_font().color(&TEXT));
        let crowded = matches!(&self.scale, Scale::Named(names) if names.len() > WIDE);
        chart
            .configure_mesh()
            .bold_line_style(GRID)
            .light_line_style(TRANSPARENT)
            .axis_style(GRID)
            .label_style(label.clone())
            .x_label_style(if crowded { narrow } else { label.clone() })
            .axis_desc_style(label)
            .x_desc(&self.x)
            .y_desc(&self.y)
            .x_label_formatter(&|x| self.scale.label(*x))
            .y_label_formatter(&|y| short(*y))
            .x_labels(8)
            .y_labels(6)
            .draw()?;
        for (n, series) in self.series.iter().enumerate() {
            let colour = colour(n);
            let line = colour.stroke_width(2);
            match &series.shape {
                Shape::Line(points) => {
                    chart.draw_series(LineSeries::new(points.iter().copied(), line))?;
                }
                Shape::Marked(points) => {
                    chart.draw_series(LineSeries::new(points.iter().copied(), line))?;
                    chart.draw_series(points.iter().map(|&at| Circle::new(at, 4, colour.filled())))?;
                }
                Shape::Dots(points) => {
                    chart.draw_series(points.iter().map(|&at| Circle::new(at, 2, colour.filled())))?;
                }
                Shape::Band(parts) => {
                    let there = parts.iter().map(|&(x, _, high)| (x, high));
                    let back = parts.iter().rev().map(|&(x, low, _)| (x, low));
                    let outline: Vec<(f64, f64)> = there.chain(back).collect();
                    chart.draw_series([Polygon::new(outline, colour.mix(0.35).filled())])?;
                }
                Shape::Bars(bars) => {
                    let bar = |&(from, to, height): &(f64, f64, f64)| {
                        Rectangle::new([(from, 0.0), (to, height)], colour.filled())
                    };
                    chart.draw_series(bars.iter().map(bar))?;
                }
            }
        }
        Ok(())
    }
}

impl Scale {
    fn label(&self, x: f64) -> String {
        let Self::Named(names) = self else { return short(x) };
        let place = x.round();
        let is_one = place >= 0.0 && (x - place).abs() < 0.01;
        is_one.then(|| names.get(place as usize)).flatten().cloned().unwrap_or_default()
    }
}

/// Bars in layers, the first layer at the bottom: `bars` are their edges, a layer is its name and its height in each bar.
/// The legend names them as they lie, from the top.
#[must_use]
pub fn stacked(bars: &[(f64, f64)], layers: &[(&str, Vec<f64>)]) -> Vec<Series> {
    let mut tops = vec![0.0; bars.len()];
    let mut series = Vec::new();
    for (name, heights) in layers {
        tops.iter_mut().zip(heights).for_each(|(top, height)| *top += height);
        let bars = bars.iter().zip(&tops).map(|(&(from, to), &top)| (from, to, top)).collect();
        series.push(Series { name: (*name).to_owned(), shape: Shape::Bars(bars) });
    }
    // What is drawn later covers all that lies beneath it.
    series.reverse();
    series
}

impl Shape {
    /// Points that must fit into the chart.
    fn corners(&self) -> Vec<(f64, f64)> {
        match self {
            Self::Line(points) | Self::Marked(points) | Self::Dots(points) => points.clone(),
            Self::Band(parts) => parts.iter().flat_map(|&(x, low, high)| [(x, low), (x, high)]).collect(),
            Self::Bars(bars) => bars.iter().flat_map(|&(from, to, height)| [(from, height), (to, height)]).collect(),
        }
    }
}

/// The name of a series' colour.
fn colour(series: usize) -> RGBColor {
    RGBColor(1, 0, (series % COLOURS) as u8)
}

/// Least and greatest; `None` where there is no number.
fn span(numbers: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let finite = numbers.filter(|number| number.is_finite());
    finite.fold(None, |span, number| {
        let (least, greatest) = span.unwrap_or((number, number));
        Some((least.min(number), greatest.max(number)))
    })
}

/// A number on an axis, without zeros that say nothing.
fn short(number: f64) -> String {
    let text = format!("{number:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(shape: Shape) -> Chart {
        let series = vec![Series { name: "a".into(), shape }];
        Chart { title: String::new(), x: "ms".into(), scale: Scale::Linear, y: "%".into(), series }
    }

    #[test]
    fn a_chart_is_one_svg_element_with_named_colours_and_its_axes() {
        let shapes = [
            Shape::Line(vec![(0.0, 1.0), (2.0, 3.0)]),
            Shape::Marked(vec![(0.0, 1.0), (2.0, 3.0)]),
            Shape::Dots(vec![(0.0, 1.0), (2.0, 3.0)]),
            Shape::Band(vec![(0.0, 1.0, 2.0), (2.0, 1.0, 3.0)]),
            Shape::Bars(vec![(0.0, 1.0, 2.0), (1.0, 2.0, 3.0)]),
        ];
        for shape in shapes {
            let svg = chart(shape.clone()).svg().expect("something to draw");
            assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{shape:?}");
            assert!(svg.contains("#010000") && svg.contains("#020000"), "{shape:?}: {svg}");
            assert!(svg.contains("\nms\n") && svg.contains("\n%\n"), "{shape:?}: {svg}");
        }
        assert!(style().contains("svg [fill='#010000'] { fill: var(--series-0) }"));
    }

    #[test]
    fn nothing_to_draw_is_no_chart_and_a_single_point_is_one() {
        assert_eq!(chart(Shape::Line(Vec::new())).svg(), None);
        assert_eq!(chart(Shape::Line(vec![(f64::NAN, 0.0)])).svg(), None);
        for scale in [Scale::Linear, Scale::Log, Scale::Named(vec!["a".into()])] {
            assert!(Chart { scale, ..chart(Shape::Marked(vec![(5.0, 0.0)])) }.svg().is_some());
        }
    }

    #[test]
    fn named_places_have_their_names_and_nothing_between_them() {
        let scale = Scale::Named(vec!["one".into(), "two".into()]);
        assert_eq!([-0.5, 0.0, 0.5, 1.0, 1.5, 2.0].map(|x| scale.label(x)), ["", "one", "", "two", "", ""]);
        let bars = Shape::Bars(vec![(-0.3, 0.3, 1.0), (0.7, 1.3, 2.0)]);
        let svg = Chart { scale, ..chart(bars) }.svg().expect("something to draw");
        assert!(svg.contains("\none\n") && svg.contains("\ntwo\n"), "{svg}");
    }

    #[test]
    fn layers_lie_on_each_other_and_the_topmost_is_drawn_first() {
        let layers = [("low", vec![1.0, 2.0]), ("high", vec![3.0, 0.0])];
        let series = stacked(&[(0.0, 1.0), (1.0, 2.0)], &layers);
        let names: Vec<&str> = series.iter().map(|series| series.name.as_str()).collect();
        assert_eq!(names, ["high", "low"]);
        let [Shape::Bars(high), Shape::Bars(low)] = [0, 1].map(|n| &series[n].shape) else { panic!("bars") };
        assert_eq!(*high, [(0.0, 1.0, 4.0), (1.0, 2.0, 2.0)]);
        assert_eq!(*low, [(0.0, 1.0, 1.0), (1.0, 2.0, 2.0)]);
    }

    #[test]
    fn a_logarithmic_axis_has_numbers_on_it_however_little_it_spans() {
        let axis = |from: f64, to: f64| {
            let svg = Chart { scale: Scale::Log, ..chart(Shape::Line(vec![(from, 1.0), (to, 2.0)])) }.svg();
            svg.expect("something to draw")
        };
        assert!(axis(54.0, 78.0).contains("\n60\n") && axis(2.0, 300.0).contains("\n100\n"));
        assert!(axis(1.0, 10_000.0).contains("\n10\n") && !axis(1.0, 10_000.0).contains("\n2000\n"));
    }

    #[test]
    fn numbers_on_axes_are_short() {
        assert_eq!([0.0, 0.5, 20.0, 0.125, 1e-9].map(short), ["0", "0.5", "20", "0.125", "0"]);
    }
}
