//! A new migration or a new page must reach the binary.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rerun-if-changed=web/dist");
    // Without a built page the binary still compiles, and says so where the page would be.
    if let Err(error) = std::fs::create_dir_all("web/dist") {
        println!("cargo:warning=web/dist cannot be made: {error}");
    }
}
