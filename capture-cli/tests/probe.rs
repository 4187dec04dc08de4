//! Proves that the probe hears its own chirps through a real relay and counts a delay that can be.
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod common;

use std::process::Stdio;

use common::{Program, TestRelay, alone};
use relay_engine::Ptime;

#[test]
fn the_probe_hears_its_chirps_and_prints_json() {
    let _alone = alone();
    for ptime in [Ptime::Ms20, Ptime::Ms10] {
        let relay = TestRelay::with_ptime(ptime);
        let url = relay.url("probe");
        let output = Program::command()
            .args(["probe", "--json", "--count", "12", "--url", &url])
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        assert!(output.status.success());
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(json["ptime_ms"], ptime.ms());
        assert_eq!(json["sent"], 12);
        assert!(json["heard"].as_u64().unwrap() >= 10, "{json}");
        let p50 = json["one_way_ms"]["p50"].as_f64().unwrap();
        // A packet has to be complete before it is sent; and this is one machine.
        assert!(p50 > f64::from(ptime.ms()) && p50 < 150.0, "{json}");
    }
}
